"""What kind of thing an everyday word names: "iPhone" names a phone, "salmon" something to eat.

Nothing here is about any tool or trade: where a specification says "phone" and a message "Galaxy", the one may stand
for the other. A word that a specification has itself is never looked up here.
"""

from shared.models.offline._lexicon import listed

# The words that a specification may use for the kind, the nearest first; and what is of that kind.
KINDS: tuple[tuple[tuple[str, ...], frozenset[str]], ...] = (
    (
        ("phone", "mobile", "device"),
        listed(
            """
            android blackberry cellphone fairphone galaxy handset huawei iphone motorola nokia oneplus pixel samsung
            smartphone xiaomi
            """
        ),
    ),
    (("tablet", "device"), listed("ipad kindle ereader")),
    (
        ("laptop", "computer", "device"),
        listed(
            """
            chromebook desktop elitebook imac latitude lenovo macbook netbook notebook pc thinkpad ultrabook
            workstation xps
            """
        ),
    ),
    (("hardware", "device", "accessory"), listed("equipment gadget gear kit peripheral smartwatch wearable")),
    (("screen", "monitor"), listed("display television touchscreen tv")),
    (("headset", "headphone"), listed("airpods earbuds earphones earpiece headphones")),
    (("pointer", "mouse"), listed("cursor touchpad trackball trackpad")),
    (("cable", "charger", "adapter"), listed("displayport dongle hdmi lightning plug socket thunderbolt usb vga")),
    (
        ("disk", "drive", "storage"),
        listed("harddisk harddrive hdd nas sd sdcard ssd thumbdrive flashdrive"),
    ),
    (
        ("software", "program", "application", "app"),
        listed(
            """
            acrobat adobe airtable asana autocad blender bloomberg calendly canva confluence coreldraw docker
            dreamweaver eclipse evernote excel figma gimp illustrator indesign inkscape intellij java jira kubernetes
            libreoffice lightroom linkedin lucidchart matlab miro mongodb mysql netflix nodejs notepad notion onenote
            openoffice oracle pandas photoshop postgres postgresql postman powerbi powerpoint premiere publisher
            pycharm python quickbooks salesforce sap servicenow sharepoint sketch skype slack solidworks splunk spotify
            spss sql steam tableau teamviewer terraform trello visio vlc vscode webex whatsapp winzip wireshark
            wordpress xcode zendesk zoom
            """
        ),
    ),
    (("chat", "message"), listed("discord messenger signal skype slack sms teams telegram whatsapp")),
    (("video", "meeting", "call"), listed("facetime skype teams videocall videoconference webex zoom")),
    (("mail", "mailbox"), listed("email exchange gmail hotmail imap outlook thunderbird yahoo")),
    (
        ("spreadsheet", "presentation", "document", "file"),
        listed("csv deck docx excel jpeg powerpoint pptx slides xlsx"),
    ),
    (("browser",), listed("brave chrome chromium edge explorer firefox opera safari vivaldi")),
    (
        ("ai", "chatbot", "assistant"),
        listed("bard bot chatgpt claude copilot deepseek gemini gpt grok llm midjourney mistral openai perplexity"),
    ),
    (("cloud", "sync", "storage"), listed("box dropbox gdrive googledrive icloud nextcloud onedrive wetransfer")),
    (("git", "repository"), listed("bitbucket branch git github gitlab repo subversion svn")),
    (("windows", "mac", "linux"), listed("debian fedora ios ipados linux mac macos osx redhat ubuntu windows")),
    (("key", "token"), listed("fido fob passkey titan yubikey")),
    (("wireless", "network", "internet"), listed("broadband ethernet hotspot lan router wlan")),
    (("malware", "virus"), listed("keylogger ransomware rootkit spyware trojan worm")),
    (("fraud", "scam"), listed("blackmail extortion smishing swindle vishing")),
    (
        ("abroad", "travel", "country"),
        listed(
            """
            africa america argentina asia australia austria belgium brazil britain canada chile china denmark dubai
            egypt england europe finland france germany greece hungary iceland india indonesia ireland israel italy
            japan kenya korea malaysia mexico morocco netherlands nigeria norway overseas peru philippines poland
            portugal romania russia scotland singapore spain sweden switzerland taiwan thailand turkey ukraine usa
            vietnam
            """
        ),
    ),
    (
        ("food", "ingredient", "grocery", "dish"),
        listed(
            """
            apple aubergine avocado bacon banana bean beef bread broccoli butter cabbage carrot cauliflower celery
            cheese chicken chickpea chocolate cinnamon courgette cream cucumber curry dough egg feta fish flour garlic
            ginger ham honey jam lamb leek lemon lentil lettuce lime mango mince mozzarella mushroom mustard noodle nut
            oat oil olive onion orange pancake parsley pasta pea pear pepper pie pizza pork potato prawn pumpkin quinoa
            rice salad salmon salt sauce sausage seafood shrimp soup spaghetti spinach steak stew strawberry sugar tofu
            tomato tuna turkey vinegar yoghurt yogurt
            """
        ),
    ),
    (("drink", "grocery"), listed("beer coffee juice lemonade milk soda tea water wine")),
    (("dish", "cake", "recipe"), listed("biscuit brownie cookie dessert muffin pudding tart")),
    (("book",), listed("biography memoir novel paperback thriller trilogy")),
    (("vegetarian", "diet"), listed("gluten keto vegan veggie")),
)
