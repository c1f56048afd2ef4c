"""The card of docs_search: what it says of itself, good enough to be routed to by it alone."""

from pathlib import Path
from typing import Final

from a2a.types import AgentCard

from shared import a2a

NAME: Final = "docs_search"
_SCOPES: Final = ("docs:read",)
_MORE: Final = a2a.read_examples(Path(__file__).with_name("examples.toml"))

SKILLS: Final = (
    a2a.Skill(
        id="network",
        name="Networks and remote work",
        description=(
            "Guides for VPN, office and guest Wi-Fi, remote desktop and SSH keys, and for working while you travel."
        ),
        tags=a2a.tags(
            """
            guide, how-to, instructions, knowledge base, VPN, tunnel, gateway, Wi-Fi, wireless, WLAN, network,
            guest network, visitor access, hotspot, tethering, internet, connection, router, proxy, firewall, intranet,
            remote desktop, RDP, virtual desktop, remote access, working from home, remote work, public Wi-Fi, café,
            SSH key, travelling with a laptop, abroad, foreign country, customs, roaming, mobile data, data volume,
            SIM card, eSIM, PIN, PUK, phone plan, phone contract, disconnects, timeout, unreachable, no signal,
            away from the office, internal page, proxy error, error message, connection error, remote session,
            session ended, terminal server, jump host, bastion, public key, key pair, weak signal, dead spot,
            login page, data roaming, travel SIM, phone bill, international calls, workation, hotel network,
            blocked SIM, network drive from home, LAN, ethernet, network cable, network socket, network port,
            access point, SSID, bandwidth, packet loss, IP address of a server, DNS, DHCP, captive portal,
            split tunnel, always-on VPN, thin client, home router, wiki, company portal, internal site,
            network unreachable
            """
        ),
        examples=(
            "Where is the VPN guide?",
            "How do I connect to the VPN?",
            "The Wi-Fi in the office keeps dropping",
            "How do guests use the Wi-Fi?",
            "How do I use remote desktop from home?",
            "May I work from another country?",
            "Is roaming included on my work phone?",
            "How do I add an SSH key?",
            "The VPN shows an error",
            "What does mobile data cost abroad?",
            "I have no internet at home",
            *_MORE["network"],
        ),
        scopes=_SCOPES,
    ),
    a2a.Skill(
        id="communication",
        name="Mail, calendars and meetings",
        description=(
            "Guides for e-mail, mailboxes, calendars, signatures, out-of-office replies, distribution lists, "
            "telephony and video meetings."
        ),
        tags=a2a.tags(
            """
            e-mail, mail, mailbox, inbox, Outlook, attachment, archive, junk, newsletter, mail app, mailbox size,
            shared mailbox, delegate, mailing list, distribution list, calendar, appointment, invitation,
            e-mail signature, template, out of office, automatic reply, absence, chat, channel, video meeting,
            video call, webinar, meeting recording, transcript, captions, camera, webcam, microphone, headset,
            headphones, speaker, sound, audio, echo, virtual background, screen sharing, meeting room, projector,
            whiteboard, desk phone, telephone, voicemail, phone forwarding, extension, message, direct message,
            notification, mute, status message, footer, logo, disclaimer, profile installation,
            permission to a calendar, vacation reply, away message, holiday reply, decline meetings,
            functional mailbox, generic address, send on behalf, reply all, list owner, subscribe, unsubscribe,
            group address, instant meeting, dial in, participants, breakout, ear pads, transfer a call, missed calls,
            answering machine, softphone, landline, conference call, reserve a room, room panel, hybrid meeting,
            outbox, drafts, bounce, undeliverable, delivery receipt, recall a mail, mail rule, block a sender,
            address list, recurring meeting, free and busy, time zone of a calendar, room calendar, presence, mention,
            breakout room, waiting room, live captions, recording, dial-in number, call queue, hunt group, ring group,
            caller ID, send to everybody
            """
        ),
        examples=(
            "How do I set up e-mail on my phone?",
            "My inbox is full",
            "How do I share my calendar?",
            "Set up an out-of-office reply",
            "My headset has no sound in meetings",
            "The camera does not work in video calls",
            "How do I show my screen in the meeting room?",
            "How do I forward my phone?",
            "My mail does not arrive",
            "People do not see me in the call",
            "Where do I change my signature?",
            "Somebody shall read my mail while I am away",
            *_MORE["communication"],
        ),
        scopes=_SCOPES,
    ),
    a2a.Skill(
        id="devices",
        name="Computers, phones and printers",
        description=(
            "Guides for laptops, monitors, docking stations, keyboards, mice, printers, scanners, replacements, "
            "loans and lost devices."
        ),
        tags=a2a.tags(
            """
            printer, print, toner, ink, paper jam, copier, double-sided, scanner, scan, monitor, screen, second screen,
            docking station, dock, adapter, cable, charger, USB-C, HDMI, port, keyboard, key, mouse, touchpad,
            bluetooth, pairing, laptop, computer, Mac, Windows, Linux, iPhone, Android, tablet, battery, fan,
            overheating, slow, freezes, crash, restart, does not start, black screen, flickers, hard disk, memory,
            broken, cracked, spilled, damaged, repair, new laptop, replacement, loan device, borrow, lost or stolen,
            theft, badge, access card, return old device, e-waste, recycling, clock, time zone, accessories, wipe,
            screenshot, offline printer, printer error, print quality, photocopier, black and white, colour print,
            resolution, blurry, extend the display, hub, wireless mouse, headphone jack, driver, firmware, start-up,
            shutdown, spinning wheel, blue screen of death, hangs, unresponsive, performance, spare device,
            temporary device, swollen battery, forgotten charger, locate my phone, remote wipe, dispose, date and time,
            daylight saving, keyboard layout, power button, webcam cover, privacy filter, touchscreen, stylus,
            trackpad, power adapter, USB hub, monitor arm, refresh rate, brightness, sleep mode, does not wake,
            fan noise, beep, boot loop, kernel panic, hard drive full, RAM, graphics card, asset tag, warranty,
            refresh cycle, dropped laptop, stolen phone, found device, spare charger, swap a device, font size,
            touch pad
            """
        ),
        examples=(
            "How do I add a printer on my Mac?",
            "The printer does nothing",
            "My laptop is very slow and freezes",
            "The second monitor stays black",
            "When is my laptop replaced?",
            "Can I borrow a laptop?",
            "I lost my work phone, what should I do?",
            "Where do I return old equipment?",
            "My computer does not start any more",
            "My mouse has stopped working",
            "I broke my phone",
            "Which screen can I order?",
            *_MORE["devices"],
        ),
        scopes=_SCOPES,
    ),
    a2a.Skill(
        id="software",
        name="Software and files",
        description=(
            "Guides for requesting and installing software and licences, updates, browsers, shared drives, file "
            "sync, backups and restoring files."
        ),
        tags=a2a.tags(
            """
            software, install, installation, uninstall, licence, subscription, program, application, app, plug-in,
            software catalogue, approved software, open source, office suite, spreadsheet, presentation, PDF,
            operating system, update, upgrade, patch, browser, bookmarks, cookies, cache, pop-up, admin rights,
            administrator, Git, repository, clone, commit, push, shared drive, network drive, drive letter,
            file server, team folder, folder, file, document, file sync, sync, cloud, cloud storage, upload, download,
            large file, disk space, backup, restore, deleted file, overwritten, previous version, old version, undo,
            new tool, buy software, product key, web service, extension, add-on, driver installation,
            run as administrator, elevated rights, developer tools, compiler, database, note taking, reboot,
            postpone an update, BIOS, compliance, website, web page, blocked website, page does not load,
            default browser, favourites, private window, pull request, merge, branch, pipeline, code review,
            version control, map a drive, mapped drive, folder owner, common folder, sync conflict, offline files,
            duplicate file, share with a partner, storage, recycle bin, undelete, snapshot, transfer files,
            newest version, old release, wiki page, developer account, container, virtual machine, command line,
            terminal, macro, template, import, export, file type, archive file, unzip, save over, version history,
            repo, engineering repository, code hosting, update stuck, automatic restart, store of apps, approved apps,
            licence key, colleague's licence
            """
        ),
        examples=(
            "How do I install a program?",
            "I need a licence for a program",
            "Who do I ask for new software?",
            "Which browser may I use?",
            "Can I have admin rights for an hour?",
            "How do I open a shared drive?",
            "I deleted a file by mistake, can it be restored?",
            "Where should I save my documents?",
            "Excel shows an error",
            "I need a program for drawing",
            "Who can give me rights to a folder?",
            "The update does not finish",
            *_MORE["software"],
        ),
        scopes=_SCOPES,
    ),
    a2a.Skill(
        id="security",
        name="Security and rules",
        description=(
            "Guides and rules for multi-factor set-up, phishing, malware, encryption, data classification, USB "
            "sticks, AI tools, password managers and incidents."
        ),
        tags=a2a.tags(
            """
            multi-factor set-up, two-factor, MFA, authenticator app, new phone set-up, verification code, backup code,
            passkey, security key, hardware token, phishing, suspicious mail, suspicious message, attachment, link,
            spam, scam, fraud, fake, impostor, malware, virus, ransomware, antivirus, infected, hacked, pop-up warning,
            data breach, leak, wrong recipient, security incident, report, encryption, encrypt, USB stick,
            memory stick, external drive, removable media, data classification, confidential, personal data,
            customer data, GDPR, retention, shredding, AI tools, AI, chatbot, password manager, vault, store passwords,
            team passwords, device certificate, certificate, private key, service account, admin account,
            security training, awareness course, policy, rules, allowed, permitted, forbidden, private use,
            private device, BYOD, one-time code, six digits, second factor set-up, emergency codes, lost authenticator,
            approve a prompt, number matching, SMS code, genuine or fake, unknown sender, cyber attack,
            suspicious activity, misuse, stolen data, sent by mistake, self-signed, untrusted site, padlock,
            root certificate, protect a file, send securely, disk encryption, zip, public information, sensitive data,
            machine translation, language model, generative AI, translate a text, meeting notes by AI, save passwords,
            shared passwords, generate a password, autofill, domain admin, emergency account, rotate secrets,
            compulsory course, refresher, e-learning, phishing test, clean desk, lock the screen, alert,
            antivirus alert, security alert, trojan, spyware, suspicious call, suspicious invoice, unsafe website,
            unsafe link, found USB stick, sensitivity label, document label, price list confidential, encrypted mail,
            two-step, push prompt not mine, code not accepted, sign-in code unexpected, lost second factor,
            new second factor, server admin account, elevated account, course on security
            """
        ),
        examples=(
            "How do I set up multi-factor sign-in on a new phone?",
            "How do I report a phishing mail?",
            "I clicked on a strange link, what now?",
            "I think my computer has a virus",
            "What are the rules for USB sticks?",
            "May I put company data into an AI chatbot?",
            "How do I encrypt a document?",
            "Which data is confidential?",
            "Where can I store passwords safely?",
            "Is this message genuine?",
            "Somebody on the phone asked me for my password",
            "May I keep company files at home?",
            *_MORE["security"],
        ),
        scopes=_SCOPES,
    ),
    a2a.Skill(
        id="working_here",
        name="Joining, leaving and the service desk",
        description=(
            "Guides for new starters, leavers, contractors, name changes, expenses, accessibility, training, and "
            "the hours and priorities of the service desk."
        ),
        tags=a2a.tags(
            """
            onboarding, new starter, new employee, joiner, first day, checklist, intern, leaver, offboarding, last day,
            hand over, contractor, external staff, freelancer, name change, expenses, expense claim, reimbursement,
            receipt, hardware budget, home office, accessibility, screen reader, large text, dictation, ergonomic,
            service desk, IT support, help desk hours, help desk phone number, hotline, ticket, priority, severity,
            outage, escalation, IT glossary, abbreviation, business trip, new colleague, new hire, sponsor,
            agency worker, consultant, temporary staff, partner access, extend an account, revoke access, surname,
            spelling of my name, rename, pronouns, magnifier, subtitles, contact IT, response time, service level,
            status page, major incident, on-call, post-mortem, meaning of a term, list of systems, tech bar,
            opening times of IT, IT contact, support line, service times, priority levels, incident levels,
            hire in my team, laptop when I leave, last working day, leaver checklist, joiner checklist, name spelling,
            e-mail address after marriage, larger font, hearing support, dictation software, home monitor,
            home office budget, refund for equipment
            """
        ),
        examples=(
            "What happens on my first day?",
            "What becomes of my mailbox when I leave?",
            "How do I request access for a contractor?",
            "How do I change my name in the systems?",
            "Are a keyboard and a monitor for home paid?",
            "Which hours does the IT help desk have?",
            "Whom do I call when the help desk is closed?",
            "What is a severity 1 incident?",
            "What does the abbreviation MFA stand for?",
            "What does a new colleague get?",
            "Somebody in my team leaves, what do I do?",
            *_MORE["working_here"],
        ),
        scopes=_SCOPES,
    ),
    a2a.Skill(
        id="recent_changes",
        name="What is new",
        description=("Lists the articles of the knowledge base that were written or updated last."),
        tags=a2a.tags(
            """
            news, what is new, new articles, recently updated, changes
            """
        ),
        examples=(
            "What is new in the knowledge base?",
            "Which guides were updated recently?",
            "Show the latest articles",
            *_MORE["recent_changes"],
        ),
        scopes=_SCOPES,
    ),
)


def create_card(*, url: str, issuer: str) -> AgentCard:
    """Makes the card.

    Args:
        url: Where callers reach the agent.
        issuer: The authorization server, with its trailing slash.
    """
    return a2a.create_card(
        name=NAME,
        description=(
            "Searches the company's knowledge base of IT guides and rules, and answers with quotes and links. It knows "
            "nothing of anybody's account."
        ),
        url=url,
        skills=SKILLS,
        security=a2a.HopSecurity(issuer=issuer),
    )
