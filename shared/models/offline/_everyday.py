"""Everyday English: words of many meanings, and words that stand for each other.

Nothing here is about any tool or trade.
"""

from shared.models.offline._lexicon import listed

# Everyday words that stand for each other in most sentences.
SYNONYMS = (
    ("begin", "start", "commence"),
    ("finish", "end", "complete"),
    ("buy", "purchase", "order"),
    ("break", "damage", "faulty", "defective"),
    ("crack", "smash"),
    ("repair", "fix", "mend"),
    ("change", "modify", "edit", "amend", "alter"),
    ("update", "upgrade"),
    ("delete", "remove", "erase"),
    ("error", "fault", "failure"),
    ("forget", "lose"),
    ("lose", "misplace", "mislay", "missing"),
    ("steal", "theft", "rob"),
    ("find", "locate"),
    ("expire", "lapse", "runout"),
    ("signin", "login", "logon"),
    ("signout", "logout", "logoff"),
    ("signup", "register", "enrol"),
    ("lockout", "shutout", "lock", "block", "shut"),
    ("block", "bar"),
    ("disable", "deactivate", "suspend"),
    ("attempt", "try", "tries"),
    ("symbol", "character"),
    ("detail", "data", "record", "information", "info"),
    ("register", "enroll", "enlist"),
    ("hardware", "equipment", "kit", "gear", "device"),
    ("history", "log"),
    ("belong", "member"),
    ("hack", "compromise", "breach"),
    ("virus", "malware"),
    ("spam", "junk"),
    ("toner", "cartridge", "ink"),
    ("fake", "pretend", "impersonate", "impostor"),
    ("automatic", "auto"),
    ("vault", "safe", "store"),
    ("screenshot", "screengrab"),
    ("safe", "secure", "safely", "securely"),
    ("abbreviation", "acronym", "mean", "definition"),
    ("intern", "trainee", "apprentice"),
    ("ai", "llm"),
    ("forbid", "prohibit", "ban", "forbidden", "banned"),
    ("allow", "permit", "authorise", "approve", "ok", "okay"),
    ("borrow", "loan", "lend"),
    ("replace", "swap", "exchange", "substitute"),
    ("cancel", "annul"),
    ("postpone", "delay", "reschedule"),
    ("connect", "link", "join"),
    ("transfer", "move", "migrate"),
    ("forward", "redirect", "divert"),
    ("restore", "recover", "retrieve"),
    ("copy", "duplicate"),
    ("freeze", "hang"),
    ("slow", "sluggish", "laggy"),
    ("weird", "strange", "odd", "suspicious", "dodgy", "fishy"),
    ("scam", "fraud"),
    ("confidential", "secret", "sensitive"),
    ("rule", "policy", "guideline", "regulation"),
    ("guide", "instruction", "manual", "tutorial", "handbook"),
    ("install", "setup"),
    ("laptop", "notebook"),
    ("computer", "pc", "machine", "workstation"),
    ("monitor", "screen", "display"),
    ("phone", "mobile", "smartphone", "cellphone", "handset", "cell", "telephone"),
    ("photo", "picture", "image"),
    ("mail", "email"),
    ("app", "application", "program", "software"),
    ("camera", "webcam"),
    ("mic", "microphone"),
    ("headset", "headphone", "earphone"),
    ("internet", "web", "online"),
    ("wireless", "wifi"),
    ("folder", "directory"),
    ("document", "paper"),
    ("reserve", "book"),
    ("holiday", "vacation"),
    ("trip", "travel", "journey"),
    ("abroad", "overseas"),
    ("car", "automobile"),
    ("film", "movie"),
    ("meeting", "conference"),
    ("dinner", "supper"),
    ("recipe", "dish"),
    ("alarm", "timer"),
    ("shop", "store"),
    ("expense", "cost", "reimburse"),
    ("bill", "invoice"),
    ("salary", "wage", "pay"),
    ("job", "role", "position", "occupation"),
    ("manager", "boss", "supervisor", "superior"),
    ("colleague", "coworker", "teammate"),
    ("employee", "staff", "worker"),
    ("customer", "client"),
    ("company", "firm", "employer"),
    ("visitor", "guest"),
    ("starter", "joiner", "newcomer", "hire", "beginner"),
    ("leave", "quit", "resign", "depart"),
    ("map", "mount"),
    ("request", "ask"),
    ("big", "large", "huge"),
)

# Everyday words that have many meanings: to have one in common says less than to have a rare one in common.
FREQUENT_WORDS = listed(
    """
    accept access accident achieve act action activity add address adult afraid age agree air allow amount
    animal answer apartment appear apply appointment area argue arm army arrange arrive art article attack
    attend attention aunt author autumn average avoid award baby bag ball band bank bar base bath beach bear
    beat beautiful bed begin believe belong bet bill bird birth birthday bit black blood blow blue board boat
    body book born borrow boss bottle bottom box boy brain branch bread break breakfast breath bright brother
    brown brush budget build building burn bus business busy buy cake calm camera camp campaign capital car card
    care career carry cat catch cause celebrate center central century chair chance change chapter charge cheap
    chicken chief child choice choose church circle citizen city class clean clear client climb clock close
    clothes cloud club coach coat coffee cold collect college color comfort common community company compare
    compete complain complete concern concert condition conference consider contain content contest continue
    contract control conversation cook cool copy corner cost count country course court cousin create crime
    cross crowd cry culture cup customer cut dad damage dance danger dark date daughter dead deal death debate
    decide decision deep degree deliver department describe design desk destroy develop die difference dinner
    direct direction director discover discuss disease distance divide doctor document dog dollar door doubt
    draw dream dress drink drive driver drop dry duty ear early earn earth east eat economy education effect
    effort egg eight elect else employ employee empty enemy energy engine enjoy enter entry environment escape
    establish event evidence exam excellent except exchange exercise exist expect expense expensive experience
    expert explain express extend eye face factory fail fair fall family famous farm fast fat father fear feed
    feeling festival field fight file fill film finance finger finish fire fish fit fix flat flight floor flower
    fly focus food foot football force foreign forest forget form forward free fresh friend front fruit fuel fun
    function fund funny furniture future gain game garden gas gate gather gift girl glass goal god gold
    government grade grass gray green grey ground group grow growth guard guest gun habit hair half hall hang
    happiness hat hate head health heart heat heavy height hell hide high hill history hit hold hole holiday
    horse hospital host hot hotel house huge human hundred hunt husband ice image imagine improve include
    increase indicate individual industry influence inside insurance interest international interview invite
    involve island item job join joke journey joy judge jump keep key kid kill king kitchen knee knock knowledge
    lack lady lake land language large laugh law lawyer lay lead leader leaf learn leg legal lend length lesson
    letter level library lie life lift light limit line lip list listen literature live load loan location lock
    lose loss loud lunch machine magazine mail man manage manager market marriage marry mass master match
    material mayor meal measure meat medical medicine meet meeting member memory menu metal middle military milk
    million minister minor mirror miss mistake model modern mom moral mother motor mountain mouse mouth move
    movement movie mum museum music nation nature neck negative neighbour nervous network newspaper noise north
    nose notice object occur ocean offer office officer oil operate operation opinion opportunity option orange
    order organise original outside owner pack page pain paint pair paper parent park particular partner party
    pass passenger patient pattern pause pay payment peace pen pension percent perfect perform period permit
    personal phone photo pick picture piece pilot pink pizza plan plane plant plastic plate play player pleasure
    pocket poem poet police policy political pool poor popular population position positive post pound power
    practice prefer prepare present president press pretty prevent price pride prime prince print prison private
    prize produce product production professional professor profit program project promise protect proud prove
    provide public pull punish purpose push quality quarter queen race radio rain raise range rate reach react
    read realise receive recipe recommend record red reduce reflect refuse regular relate relationship relax
    release religion remain remove rent repair repeat replace report represent request require research reserve
    respect respond responsibility rest restaurant result return reveal rich ride ring rise risk river road rock
    role roll roof room root rope round route row royal rule run rush sad safe safety sail salary sale salt sand
    save scale scene school science score sea search season seat secret section sell senior sentence separate
    series serious serve service session set settle seven severe sex shade shake shape share sharp ship shirt
    shock shoe shoot shop shot shoulder shout shut sick sign signal silence silver sing sister sit site size
    skill skin sky sleep slip slow small smell smile smoke smooth snow social society soft soil soldier son song
    sound soup source south space speak speed spell spend spirit sport spot spread spring square staff stage
    stamp standard star station stay steal steel stick stomach stone storm strange stranger street strength
    stress stretch strike strong student study style subject succeed success sugar suggest suit summer sun
    supply support surface surprise survive sweet swim switch symbol system table tail talent tall target task
    taste tax taxi tea teach teacher tear technology teeth television temperature tennis term test text theory
    thick thin thousand threat throw ticket tie tired title toilet tone tongue tool tooth top topic total touch
    tour town toy track trade traditional traffic train training transfer transport travel treat tree trip truck
    true trust truth type uncle union unit university upper vacation valley value vegetable victim video view
    village violence visit visitor voice vote wage walk wall war warm warn wash watch water wave weak wealth
    wear weather wedding weight welcome west wet wheel white wide wife wild win wind window wine wing winter
    wise woman wonder wood worker wound yard yellow yoga zero zone
    absence airport announce annual approve ask battery bike boil border bowl brake bride broken cabin cable canteen
    ceiling chat clerk code collapse contact corridor crack crash dead delay delivery die dinner disable drain drip
    elevator fake fan flicker forbid freeze fuse gym hammer heating hole intern invoice item kettle leak leather lend
    lift link lobby loose lunch massage message mess model move noisy offer overheat oven paper park pillow plug
    podcast price private programme public queue receipt refuse reply rot rust shift shower slip slow socket spill
    stairs strange suspicious tap temporary tip toilet train translate trash travel trip vacuum vehicle visa wardrobe
    warn waste weather welcome window write
    """
)
