"""What fields of life everyday words belong to: "router" to computing, "plumber" to buildings, "risotto" to food.

It tells what a message is about where no specification has its words: a tool whose own words are mostly of one field
is near to whatever else is of that field, and far from what is of another. Nothing here is about any tool.
"""

from shared.models.offline._lexicon import listed

DOMAINS = {
    "computing": listed(
        """
        adapter admin administrator ai algorithm android antivirus api app application archive attachment audio
        authentication authenticator autofill backup bandwidth barcode battery beamer bios bit bluetooth bookmark boot
        broadband browser buffer bug byte cable cache calendar camera chat chatbot charger chip clipboard cloud code
        codec compiler compress computer config configuration connect connection console cookie copilot crash
        credential cursor cyber dashboard data database desktop device digital directory disk display dns dock docking
        domain download driver dropbox dvd email emoji encrypt encryption enroll error ethernet excel export extension
        file filter firewall firmware folder font footer format freeze ftp gadget gateway gigabyte git graphics hacker
        hack handset hardware harddisk hashtag hdmi headphone headset hibernate homepage host hotspot html http hub
        icon image import inbox install installer interface internet intranet ios ip iphone ipad java junk keyboard
        keypad kiosk lan laptop latency layout license link linux login logon logout lag mac macbook macro mail mailbox
        malware megabyte memory menu microphone microsoft mirror mobile modem monitor mouse multimedia mute network
        newsletter notebook notification offline online openoffice outbox outlook output overwrite paste patch passcode
        pdf permission photo pin pixel platform playback plugin podcast popup port portal powerpoint presentation print
        printout privacy processor profile program projector prompt protocol proxy python query ram ransomware reboot
        recovery refresh registry remote render repo repository reset resolution restart restore roaming root router
        rsa runtime scan scanner screen screenshot script scroll sd sdk search security sensor server setup sharepoint
        shortcut signin signature sim slack smartphone sms snapshot software sound spam speaker spreadsheet sql ssd ssh
        sso ssl startup stick storage stream streaming stylus subscription sudo sync synchronise synchronize syntax
        system tablet tab taskbar telephone template terminal tethering thumbnail timeout token toner toolbar touchpad
        touchscreen trackpad transcript trojan tutorial typeface typo uninstall unsubscribe update upgrade upload url
        usb user username vault video virtual virus voicemail web webcam webinar webpage website whiteboard widget wifi
        windows wireless wlan workstation yubikey zip zoom
        """
    ),
    "food": listed(
        """
        appetite bake baker bakery banana barbecue beer biscuit boil bowl bread breakfast brew butter cafe cake calorie
        canteen cater caterer cheese chef chicken chocolate cocktail coffee cook cookie cuisine cup curry dessert diet
        dine dinner dish dishwasher dough drink eat egg espresso fish flour food fork fridge fruit fry garlic gin grill
        grocery ham hungry ingredient jam juice ketchup kettle kitchen knife lasagne lunch mayonnaise meal meat menu
        microwave milk mushroom noodle nut oil omelette onion oven pan pancake pasta pastry pepper picnic pie pizza
        plate pork potato pub recipe restaurant rice risotto roast salad salmon salt sandwich sauce sausage seafood
        snack soup spaghetti spice spoon steak stew sugar sushi sweet taste tea toast tomato vegan vegetable vegetarian
        vending vinegar water whisky wine yoghurt yogurt
        """
    ),
    "buildings": listed(
        """
        aircon apartment attic balcony barrier basement bath bathroom bedroom bin blind blinds boiler building bulb
        carpet ceiling cellar chair chimney cleaner cleaning clean conditioner conditioning corridor cupboard curtain
        cushion decorate desk door doorbell drain drawer drill dust elevator escalator fence flat floor flood furniture
        garage garden gate hammer heater heating hole house housing indoor janitor kitchen ladder lamp lawn leak lift
        light lock lounge mattress mop neighbour office paint parking patio pillow pipe plant plumber plumbing radiator
        reception rent repairman roof room rubbish shelf shower sink smell sofa stair stairs tap tenant tile toilet
        vacuum vase wall wardrobe window wood
        """
    ),
    "transport": listed(
        """
        accident aeroplane airline airport bicycle bike boat bridge bus cab car carpool charter commute cruise cycle
        departure diesel drive driver driving engine ferry flight fuel garage gasoline highway hitchhike journey lorry
        luggage metro motorbike motorway park parking passenger passport pedestrian petrol pilot plane platform railway
        road route scooter seatbelt ship shuttle station street subway suitcase taxi ticket timetable tour tourist
        traffic train tram trip truck tyre van vehicle visa wheel
        """
    ),
    "money": listed(
        """
         bank bankrupt bet bill bitcoin bond bonus borrow budget cash cent charge cheap coin cost credit currency debit
         debt deposit discount dividend dollar donate donation earn economy euro expense expensive finance fee fortune
         fund gold income inflation insurance interest invest investment invoice landlord lease lend loan lottery money
         mortgage owe payday payment payroll payslip pension pound price profit purchase raise rent revenue rich salary
         save savings sell share shop shopping shoe stock tariff tax trade tuition wage wallet wealth
        """
    ),
    "staff": listed(
        """
        absence applicant apply appraisal apprentice benefits bonus candidate career childcare colleague complaint
        contract cv employ employee employment freelancer fulltime harassment hire holiday hr interview intern job
        leave maternity nursery offsite overtime parental paternity payroll pension performance probation promotion
        raise recruit recruiter resign resignation retire retirement sabbatical salary shift sick staff strike
        teambuilding timesheet trainee union vacancy vacation wage workload
        """
    ),
    "health": listed(
        """
        ache allergy ambulance ankle arm asthma back bandage bleed blood body bone brain breath bruise cancer clinic
        cold cough cure dentist diabetes diagnosis diet disease dizzy doctor drug ear elbow exercise eye face fever
        finger fitness flu foot gym hair hand headache health heart hospital hurt ill illness infection injection
        injury knee leg lip liver lung massage medicine migraine muscle neck nurse operation pain patient pharmacy
        physio pill pregnant prescription rash sick skin sleep sneeze stomach stress surgery symptom tablet teeth
        therapy throat tired toe tongue tooth vaccine vitamin weight wound yoga
        """
    ),
    "leisure": listed(
        """
        actor album anniversary art artist athlete award ball band basketball birthday book celebrity champion
        championship chess christmas cinema circus club coach comedy concert costume crossword dance dancer dancing
        drama draw drum episode event exhibition fairy fan festival fiction film fishing football fun funny gallery
        game gift golf guitar hiking hobby horoscope horror instrument jazz joke karaoke laugh league lyrics magazine
        marathon match movie museum music musician novel olympic opera orchestra painting party perform piano picnic
        play player poem poet poker present puzzle quiz race referee riddle rugby sail score sing singer skate ski
        soccer song sport squad stadium story swim swimming tale team tennis theatre theater tournament toy trophy
        violin volleyball wedding weekend winner yacht
        """
    ),
    "nature": listed(
        """
        animal autumn bear bee beach bird bug cat cloudy cow crocodile degree desert dog dolphin duck earth earthquake
        eclipse elephant evolution farm fish flower fog forest fox frog galaxy garden goat grass hill horse hurricane
        ice insect island jungle kitten lake leaf lion monkey moon mosquito mountain mouse nature ocean orchid pet
        photosynthesis pig planet plant puppy rabbit rain rainbow rat river rock rose sea season sheep sky snake snow
        sheep spider spring star storm summer sun sunny sunrise sunset temperature thunder tiger tree universe volcano
        weather whale wind winter wolf zoo
        """
    ),
    "family": listed(
        """
        aunt baby babysitter boyfriend bride brother child children cousin dad daughter divorce family father fiance
        flatmate girlfriend grandfather grandmother grandson husband kid love marriage marry mother mum nephew niece
        parent romance roommate sister son toddler uncle wedding wife
        """
    ),
    "clothes": listed(
        """
        belt boot clothes coat dress fashion glove handbag hat jacket jeans jewellery laundry necklace pyjamas ring
        scarf shirt shoe skirt sock suit sunglasses sweater tailor tie tights trousers umbrella underwear uniform
        """
    ),
    "knowledge": listed(
        """
        algebra ancient atom biology capital century chemistry climate constitution continent country culture currency
        democracy election emperor equation essay exam famous geography geometry government grammar gravity history
        homework invent inventor king language law lawyer lawsuit literature mathematics maths minister molecule nation
        painter parliament philosopher philosophy physics planet poet politician politics pope population president
        prime prince princess professor quantum queen religion republic revolution school science scientist senate
        square student teacher theory translate translation university vote war
        """
    ),
}
