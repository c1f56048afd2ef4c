"""General English, as far as the planner knows any: words that every text has, whatever it is about.

Nothing here is about any tool or trade. What a tool is for comes from its specification alone.
"""


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words that carry grammar, not a subject. They never count as evidence.
GRAMMAR_WORDS = _listed(
    """
    a about above across actually after again against ago ah all almost along already alright also although always am
    an and another any anybody anyhow anyone anything anyway are around as at away be became because become been
    before behind being below beside besides between beyond both but by can could did do does doing done down during
    each either else enough even ever every everybody everyone everything everywhere exactly few for from further
    furthermore had has have having he hello hence her here hers herself hey hi him himself his how however hmm i if
    in indeed instead into is it its itself just kindly least less let lets like many may maybe me might mine more
    moreover most much must my myself near nearly neither never next no nobody none nor not nothing now nowhere of off
    oh ok okay on once one ones only onto or other others otherwise ought our ours ourselves out over own per perhaps
    please possibly pretty probably quite rather really same shall she should simply since so some somebody somehow
    someone something sometimes somewhere soon sorry still such sure than thank thanks that the their theirs them
    themselves then there therefore these they this those though through throughout thus till to together too toward
    towards under unless until up upon us various very via was we well were what whatever when whenever where wherever
    whether which while who whoever whole whom whose why will with within without would yeah yep yes yet you your yours
    yourself yourselves cheers dear regards um er uh yo hiya etc eg ie anymore apparently basically currently
    hopefully seriously suddenly totally recently usually folks
    """
)

# Words of every other sentence: weak evidence, and no sign of a foreign subject where they are unknown.
COMMON_WORDS = _listed(
    """
    able advance afternoon appreciate ask assist assistance back bit bother bring call came case chance check clue come
    couple cover day different end evening exact favour favor feel figure find first follow found get give go good got
    great guess guide guy hand handle happen happy hear help hope hour idea info information issue keep kind know last
    late later latest leave let list little long look lot love lovely make matter mean meantime message mind minute
    moment monday tuesday wednesday thursday friday saturday sunday month morning name need new nice night note
    number old people person place point possible problem proper put question quick quickly ready reason regard
    remember reply right say second see seem sense set shortly show side situation sort start step stop story stuff
    suppose take talk team tell thing think thought time today tomorrow tonight trouble try turn understand urgent
    use usual version wait want way week weekend wish wonder word work world worry write wrong year yesterday away
    appear asap bad best better big busy certain colleague correct detail example fact fine full general glad hard
    home important interested local main part past present previous quiet real short small stand state struggle stuck
    whole young actual additional available currently due easy entire extra final following half high low next normal
    open own particular recent several similar simple single specific total usually able below above also anyway
    """
)

# Verbs of asking: they say that something is wanted, not what.
REQUEST_WORDS = _listed("check display explain find give list look print say see send show tell view want need")

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

IRREGULAR = {
    "began": "begin",
    "begun": "begin",
    "bought": "buy",
    "broke": "break",
    "broken": "break",
    "brought": "bring",
    "built": "build",
    "chose": "choose",
    "chosen": "choose",
    "felt": "feel",
    "forgot": "forget",
    "forgotten": "forget",
    "found": "find",
    "froze": "freeze",
    "frozen": "freeze",
    "gave": "give",
    "given": "give",
    "gone": "go",
    "got": "get",
    "gotten": "get",
    "heard": "hear",
    "held": "hold",
    "hidden": "hide",
    "kept": "keep",
    "knew": "know",
    "known": "know",
    "left": "leave",
    "lent": "lend",
    "lost": "lose",
    "loss": "lose",
    "made": "make",
    "meant": "mean",
    "met": "meet",
    "paid": "pay",
    "ran": "run",
    "said": "say",
    "saw": "see",
    "seen": "see",
    "sent": "send",
    "shown": "show",
    "sold": "sell",
    "spoke": "speak",
    "spoken": "speak",
    "spent": "spend",
    "stole": "steal",
    "stolen": "steal",
    "taken": "take",
    "taught": "teach",
    "told": "tell",
    "took": "take",
    "thought": "think",
    "went": "go",
    "woke": "wake",
    "wrote": "write",
    "written": "write",
}

# Everyday words that stand for each other in most sentences.
SYNONYMS = (
    ("begin", "start", "commence"),
    ("break", "damage", "faulty", "crack", "smash"),
    ("buy", "purchase", "order"),
    ("change", "modify", "edit", "update", "amend"),
    ("delete", "remove", "erase"),
    ("error", "fault", "failure"),
    ("forget", "lose"),
    ("install", "setup"),
    ("laptop", "notebook"),
    ("manager", "boss", "supervisor"),
    ("map", "mount"),
    ("meeting", "conference"),
    ("mobile", "phone", "smartphone", "cellphone", "handset", "cell"),
    ("photo", "picture", "image"),
    ("reserve", "book"),
    ("rule", "policy", "guideline"),
    ("mail", "email"),
    ("monitor", "screen", "display"),
    ("holiday", "vacation"),
    ("trip", "travel", "journey"),
    ("abroad", "overseas"),
    ("freeze", "hang"),
    ("slow", "sluggish"),
    ("connect", "join"),
    ("scam", "fraud"),
    ("guide", "instruction", "manual", "tutorial", "article"),
    ("request", "ask"),
    ("borrow", "loan", "lend"),
    ("job", "role"),
    ("allow", "permit"),
)

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
