"""Words that say nothing of what a text is about, in the languages that the knowledge base knows well.

Written for this project and lean on purpose: what is rare in a corpus is weighed by the ranking anyway, so only
words that carry a question's grammar stand here, and those that name what is looked for: an article, whatever about.
Accents are folded as `knowledge._words.fold` folds them.
"""

from typing import Final

_ENGLISH = """
a about after again all also always am an and another any anybody anyone anything are arent article articles as ask at
be because been docs documentation guide guides howto instructions manual manuals tutorial
before being both but by came can cannot cant come could couldnt did didnt do does doesnt doing done dont each either
else even ever every everything for from gave get gets getting give given gives go goes going gone got had hadnt happen
happened happening happens has hasnt have havent having he hello help her here hey hi him his how i id if ill im in
instead into is isnt it its ive just keep keeps kept know knows let lets like ll look looking made make makes making
many may maybe me might mine much must my myself need needed needs never no not now of oh ok on once one only or other
our ours ourselves own per please put quite rather re really s said same say says see seem seems shall she should
shouldnt since so some somebody somehow someone something soon still such sure t take taken takes tell than thank
thanks that thats the their theirs them then there theres these they theyre thing things think this those though
through to too took tried tries try trying under until up upon us use used using very via want wanted wants was wasnt
way we well went were werent what whats when whenever where wheres whether which while who whom whos whose why will
with within without wont would wouldnt yes yet you youll your youre yours yourself
"""
_GERMAN = """
aber alle allem allen aller alles als also am an ander andere anderen auch auf aus bei beim bin bis bist bitte da dabei
dafur damit danach dann daran darauf daraus darf darfst darin das dass davon dazu dein deine dem den denn der deren des
deshalb dessen die dies diese diesem diesen dieser dieses doch dort du durch ein eine einem einen einer eines er es
etwas euer fur gegen geht gibt hab habe haben hallo hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem
ihren im immer in ins ist ja jede jeder jedes jetzt kann kannst kein keine keinen konnen konnte machen macht man mehr
mein meine meinem meinen meiner mich mir mit mochte muss mussen nach nicht nichts noch nun nur ob oder ohne schon sehr
sein seine selbst sich sie sind so soll sollte sondern sonst uber um und uns unser unsere unter viel vom von vor wann
war waren warum was weil welche welcher welches wenn wer werde werden wie wieder will wir wird wo woher wohin wurde zu
zum zur zwischen
"""
_FRENCH = """
a ai aie alors apres as au aucun aussi autre autres aux avant avec avez avoir avons bonjour c ca car ce ceci cela celle
celles celui ces cet cette ceux chaque chez comme comment d dans de depuis des deux doit donc du elle elles en encore
entre es est et etait ete etes etre eu fait faire faut font hors il ils j je jusque l la le les leur leurs lors lui m
ma mais me meme mes moi mon n ne ni non nos notre nous on ont ou par parce pas pendant peu peut peux plus pour pourquoi
puis qu quand que quel quelle quelles quels qui quoi s sa sans se sera ses si soit sommes son sont sous suis sur t ta
te tes toi ton tous tout toute toutes tres tu un une vers veux voici voila vos votre vous y
"""
_SPANISH = """
a ademas al algo alguien algun alguna algunas algunos ante antes aqui asi aun aunque cada casi como con cual cuales
cuando cuanto de debe debo del desde donde dos durante e el ella ellas ellos en entre era eran es esa esas ese eso esos
esta estaba estan estar estas este esto estos estoy fue fueron ha hace hacer hacia han has hasta hay he hola la las le
les lo los mas me mi mis mucho muy nada ni no nos nosotros nuestra nuestro o os otra otro para pero poco por porque
pueda puede puedo pues que quien quiero sea segun ser si sido siempre sin sino sobre solo son soy su sus tal tambien
tampoco tan tanto te tengo ti tiene tienen todo todos tu tus un una unas uno unos usted ustedes va vamos ver vez
vosotros voy y ya yo
"""

STOPWORDS: Final[dict[str, frozenset[str]]] = {
    "en": frozenset(_ENGLISH.split()),
    "de": frozenset(_GERMAN.split()),
    "fr": frozenset(_FRENCH.split()),
    "es": frozenset(_SPANISH.split()),
}

_ASKING = """
able afternoon allow allowed another answer article articles bad best big bitte browse chance correct day days
describe description detail details difference doc docs document documentation documents easiest erklaren everyone
explain explanation explicar expliquer fastest find finde finden findet first five four free good great guia guide
guides hilfe idea include info information instruction instructions issue issues kind last manual meaning month
morning next normal old page part people person please possible problem problema problemas probleme problems procedure
process proper properly question questions quick quickly read right searching show small someday sort start step steps
sudden suddenly thing think thinking thought three time times today tomorrow tonight trouble trouver truc tutorial
tutorials understand way ways week weg work working works wrong year yesterday
"""
ASKING: Final = frozenset(_ASKING.split())
"""Words that ask rather than say; they count for little, but they count: "problem management" is a subject too."""
