"""General English, as far as the planner knows any: words that every text has, whatever it is about.

Nothing here is about any tool or trade. What a tool is for comes from its specification alone.
"""


def listed(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


# Words that carry grammar, not a subject. They never count as evidence.
GRAMMAR_WORDS = listed(
    """
    a about above across actually after again against ago ah all almost along already alright also although
    always am an and another any anybody anyhow anymore anyone anything anyway apparently are around as at away
    basically be became because become been before behind being below beside besides between beyond both but by
    can cheers could currently dear did do does doing done down during each eg either else enough er etc even
    ever every everybody everyone everything everywhere exactly few folks for from further furthermore had has
    have having he hello hence her here hers herself hey hi him himself his hiya hmm hopefully how however i ie
    if in indeed instead into is it its itself just kindly least less let lets like many may maybe me might mine
    more moreover most much must my myself near nearly neither never next no nobody none nor not nothing now
    nowhere of off oh ok okay on once ones only onto or other others otherwise ought our ours ourselves out over
    own per perhaps please possibly pretty probably quite rather really recently regards same seriously shall
    she should simply since so some somebody somehow someone something sometimes somewhere soon sorry still such
    suddenly sure than thank thanks that the their theirs them themselves then there therefore these they this
    those though through throughout thus till to together too totally toward towards uh um under unless until up
    upon us usually various very via was we well were what whatever when whenever where wherever whether which
    while who whoever whole whom whose why will with within without would yeah yep yes yet yo you your yours
    yourself yourselves
    """
)

# Words of every other sentence: weak evidence, and no sign of a foreign subject where they are unknown.
COMMON_WORDS = listed(
    """
    able above actual additional advance afternoon also anyway appear appreciate asap ask assist assistance
    available away back bad below best better big bit bother bring busy call came case certain chance check clue
    colleague come correct couple cover currently day detail different dozen due easy eight eleven end entire
    evening exact example explain extra fact favor favour feel figure final find fine first five follow
    following found four friday full general get give glad go good got great guess guide guy half hand handle
    happen happy hard hear help high home hope hour idea important info information interested issue keep kind
    know last late later latest leave let list little local long look lot love lovely low main make matter mean
    meantime message mind minute moment monday month morning name need new next nice night nine normal note
    number old one open own part particular past people person place point possible present previous problem
    proper put question quick quickly quiet ready real reason recent regard remember reply right saturday say
    second see seem sense set seven several short shortly show side similar simple single situation six small
    sort specific stand start state step stop story struggle stuck stuff sunday suppose take talk team tell ten
    thing think thought three thursday time today tomorrow tonight total trouble try tuesday turn twelve twenty
    two understand urgent use usual usually version wait want way wednesday week weekend whole wish wonder word
    work world worry write wrong year yesterday young system date method
    accord according arrange become begin bring carry certain choose come confirm consider continue create current
    cut decide depend describe enter exact exist expect fall fill form go hand happen hold include involve item
    lay lie listen longer mention notice obtain occur offer official ok perform pick prefer prepare proceed
    produce provide pull quit raise reach realise recall receive refer remain require result select seriously serve
    sit spell stay suggest supposed switch thing touch treat truly various
    awful clever cool curious daily dangerous empty fair fresh funny glad huge nasty odd ordinary perfect plain
    pleasant polite recommend rude silly smart strict stupid sweet terrible tiny typical ugly wonderful
    big broad careful cheap clear close correct deep early easy fast fat few firm funny great happy hard heavy huge
    important incorrect kind large late light likely little loud lucky narrow near new nice old possible quick quiet
    rich safe serious short similar simple slight slow small soft strange strong sudden tall tight tough unable usual
    warm weak whole wide wild young
    """
)

# Adjectives that are compared by an ending: "older", "the biggest".
ADJECTIVES = listed(
    """
    big bright broad cheap clean clear close cold cool dark deep dirty early easy fair fast few fine firm fresh
    full funny great happy hard healthy heavy high hot huge large late light long loud low lucky narrow near new nice
    old poor
    quick quiet rich rough sad safe sharp short simple slim slow small smart smooth soft strict strong sweet tall thick
    thin tight tiny tough ugly warm weak wide wild wise young
    """
)

# Verbs of asking: they say that something is wanted, not what.
REQUEST_WORDS = listed(
    """
    check display explain find give list look need print say see send show tell view want
    """
)

# Verbs with which an order begins.
ORDERS = listed(
    """
    add allow book call cancel change close create delete disable enable fix get give grant help install let
    make move open order please put remove renew repair reserve restore send set start stop take turn update
    """
)

# Verbs of tools that tell, and change nothing.
TELLING_VERBS = listed(
    """
    answer calculate check compare count describe display explain fetch find get give inform list lookup print
    query read recommend retrieve say search show suggest summarise tell view
    """
)

# Words that say that something is not, or does not work.
DENIALS = listed(
    """
    cannot deny impossible never no not nothing refuse reject unable without
    """
)

# Words that open a noun phrase: a particle before them is a preposition.
DETERMINERS = frozenset(
    {"a", "an", "the", "this", "that", "these", "those", "my", "our", "your", "his", "her", "their"}
)

# Particles that make a new word of the verb before them: "sign in", "lock out", "set up".
PARTICLES = frozenset({"in", "out", "on", "off", "up", "down", "over", "back", "ins", "outs", "ups"})

CONTRACTIONS = {
    "ain't": "is not",
    "can't": "can not",
    "cant": "can not",
    "cannot": "can not",
    "couldnt": "could not",
    "couldn't": "could not",
    "didnt": "did not",
    "doesnt": "does not",
    "dont": "do not",
    "gonna": "going to",
    "gotta": "got to",
    "hasnt": "has not",
    "havent": "have not",
    "hows": "how is",
    "im": "i am",
    "isnt": "is not",
    "ive": "i have",
    "shouldnt": "should not",
    "thats": "that is",
    "u": "you",
    "ur": "your",
    "wanna": "want to",
    "wasnt": "was not",
    "whats": "what is",
    "wheres": "where is",
    "whos": "who is",
    "won't": "will not",
    "wont": "will not",
    "wouldnt": "would not",
    "pls": "please",
    "plz": "please",
    "thx": "thanks",
    "ty": "thanks",
}
CONTRACTION_ENDINGS = {
    "n't": "not",
    "'m": "am",
    "'re": "are",
    "'ve": "have",
    "'ll": "will",
    "'d": "would",
}

# Words whose ending makes them another word.
UNSTEMMED = frozenset({"customs", "elevator", "goods", "news", "several", "severity", "windows"})

IRREGULAR = {
    "arisen": "arise",
    "arose": "arise",
    "ate": "eat",
    "beaten": "beat",
    "became": "become",
    "began": "begin",
    "begun": "begin",
    "bent": "bend",
    "bitten": "bite",
    "bled": "bleed",
    "blew": "blow",
    "blown": "blow",
    "bought": "buy",
    "broke": "break",
    "broken": "break",
    "brought": "bring",
    "built": "build",
    "burnt": "burn",
    "came": "come",
    "caught": "catch",
    "chose": "choose",
    "chosen": "choose",
    "crept": "creep",
    "dealt": "deal",
    "drank": "drink",
    "drawn": "draw",
    "dreamt": "dream",
    "drew": "draw",
    "driven": "drive",
    "drove": "drive",
    "drunk": "drink",
    "dug": "dig",
    "eaten": "eat",
    "fallen": "fall",
    "fed": "feed",
    "fell": "fall",
    "felt": "feel",
    "fled": "flee",
    "flew": "fly",
    "flown": "fly",
    "forbade": "forbid",
    "forbidden": "forbid",
    "forgave": "forgive",
    "forgiven": "forgive",
    "forgot": "forget",
    "forgotten": "forget",
    "fought": "fight",
    "found": "find",
    "froze": "freeze",
    "frozen": "freeze",
    "gave": "give",
    "given": "give",
    "goes": "go",
    "gone": "go",
    "got": "get",
    "gotten": "get",
    "grew": "grow",
    "grown": "grow",
    "heard": "hear",
    "held": "hold",
    "hidden": "hide",
    "hung": "hang",
    "kept": "keep",
    "knelt": "kneel",
    "knew": "know",
    "known": "know",
    "laid": "lay",
    "leapt": "leap",
    "learnt": "learn",
    "led": "lead",
    "left": "leave",
    "lent": "lend",
    "loss": "lose",
    "lost": "lose",
    "made": "make",
    "meant": "mean",
    "met": "meet",
    "mistaken": "mistake",
    "mistook": "mistake",
    "overwritten": "overwrite",
    "overwrote": "overwrite",
    "paid": "pay",
    "ran": "run",
    "rang": "ring",
    "ridden": "ride",
    "risen": "rise",
    "rode": "ride",
    "rung": "ring",
    "said": "say",
    "sang": "sing",
    "sank": "sink",
    "sat": "sit",
    "saw": "see",
    "seen": "see",
    "sent": "send",
    "shaken": "shake",
    "shone": "shine",
    "shook": "shake",
    "shot": "shoot",
    "shown": "show",
    "shrank": "shrink",
    "shrunk": "shrink",
    "slept": "sleep",
    "slid": "slide",
    "smelt": "smell",
    "sold": "sell",
    "sought": "seek",
    "spelt": "spell",
    "spent": "spend",
    "spilt": "spill",
    "spoilt": "spoil",
    "spoke": "speak",
    "spoken": "speak",
    "sprang": "spring",
    "sprung": "spring",
    "spun": "spin",
    "stank": "stink",
    "stole": "steal",
    "stolen": "steal",
    "stood": "stand",
    "struck": "strike",
    "stuck": "stick",
    "stung": "sting",
    "stunk": "stink",
    "sung": "sing",
    "sunk": "sink",
    "swam": "swim",
    "swept": "sweep",
    "swollen": "swell",
    "swore": "swear",
    "sworn": "swear",
    "swum": "swim",
    "swung": "swing",
    "taken": "take",
    "taught": "teach",
    "thought": "think",
    "threw": "throw",
    "thrown": "throw",
    "told": "tell",
    "took": "take",
    "tore": "tear",
    "torn": "tear",
    "understood": "understand",
    "went": "go",
    "wept": "weep",
    "woke": "wake",
    "woken": "wake",
    "won": "win",
    "wore": "wear",
    "worn": "wear",
    "written": "write",
    "wrote": "write",
}

# Words that point at something said before.
ANAPHORA = frozenset({"it", "that", "this", "them", "those", "these", "one", "ones", "same", "there"})
FOLLOW_UP_OPENINGS = (
    "and",
    "also",
    "what about",
    "how about",
    "what if",
    "or",
    "but",
    "then",
    "so",
    "now",
    "same",
    "ok and",
    "okay and",
    "ok now",
    "and what",
    "even",
    "why",
    "too",
)

GREETINGS = frozenset(
    {"hello", "hi", "hey", "hiya", "greetings", "morning", "afternoon", "evening", "good", "yo", "there"}
)
THANKS = frozenset({"thanks", "thank", "cheers", "ta", "thx", "appreciated", "appreciate"})
HELP = frozenset({"help", "assist", "support", "options", "commands", "menu", "capabilities"})

NUMBER_WORDS = {
    "a": 1,
    "an": 1,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "sixty": 60,
    "ninety": 90,
    "couple": 2,
    "few": 3,
    "dozen": 12,
}
# Seconds in each unit of time; months and years as people count them.
TIME_UNITS = {
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": 86400,
    "night": 86400,
    "fortnight": 14 * 86400,
    "week": 7 * 86400,
    "month": 30 * 86400,
    "quarter": 91 * 86400,
    "year": 365 * 86400,
}

# What comes before the request itself, longest first.
OPENINGS = tuple(
    sorted(
        (
            tuple(opening.split())
            for opening in (
                "please",
                "kindly",
                "and",
                "so",
                "but",
                "also",
                "then",
                "ok",
                "okay",
                "hi",
                "hello",
                "hey",
                "well",
                "now",
                "just",
                "can you tell me",
                "could you tell me",
                "would you tell me",
                "can you please tell me",
                "could you please tell me",
                "can you explain",
                "could you explain",
                "can you explain to me",
                "could you explain to me",
                "tell me",
                "do you know",
                "i would like to know",
                "i want to know",
                "i need to know",
                "i wonder",
                "i was wondering",
                "i am wondering",
                "any idea",
            )
        ),
        key=len,
        reverse=True,
    )
)
