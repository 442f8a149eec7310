"""What English-speaking customers and the shop write and say."""

from __future__ import annotations

from hub.demo.texts._topic import Manners, Topic

MANNERS = Manners(
    greetings=("Hello,", "Hi there,", "Good morning,", "Dear Baran Home,", "Hi,", "Hello Baran team,"),
    closings=("Kind regards", "Thanks", "Best wishes", "Many thanks in advance", "Cheers", "All the best"),
    answer_opening="Dear {formal},",
    answer_closing="Kind regards\n{agent}, Baran Home",
    quoted="On {day}, {who} wrote:",
)

TOPICS = (
    Topic(
        "where is my order",
        "orders",
        "paid",
        ("Where is order {order}?", "Order {order}", "Any news of #{order}?", "Delivery of order {order}"),
        (
            "I ordered the {item} a few days ago (order {order}) and have not heard anything since the confirmation. "
            "Could you tell me when it leaves?",
            "Just a quick one: has order {order} been sent yet? We are away from Thursday and I would hate for the "
            "{item} to sit on the doorstep.",
            'The page for order {order} has said "being packed" for days now. Is the {item} out of stock, perhaps? '
            "I don't mind waiting, I would only like to know.",
            "Could you send me the tracking for #{order}? My neighbour takes parcels in, but asks for the day.",
        ),
        (
            "Thank you for asking. I have just been to the packing table: your {item} is in its box and leaves with "
            "the next courier. You will get the tracking number by e-mail.",
            "Your order {order} is on its way. It usually takes two to three days to {city}; if it has not arrived "
            "by then, write or call and I shall chase the courier myself.",
        ),
        (
            "Lovely, thank you. That is all I needed to know.",
            "Thanks for the quick answer! I'll be at home all day.",
            "Still nothing here today, I am afraid. Could you ask the courier?",
            "It came this morning, beautifully packed. Thank you {agent}!",
        ),
        before="delivered",
    ),
    Topic(
        "change of address",
        "orders",
        "placed",
        ("New address for order {order}", "Change of delivery address", "Order {order}: please deliver elsewhere"),
        (
            "I have moved since I made my account. Please send order {order} to Flat 3, 18 Mill Lane instead of the "
            "old address. The name on the bell is still mine.",
            "Would it be possible to have order {order} delivered to my office? I am never in before seven.",
            "I typed the wrong house number, sorry! For #{order} it should be 41, not 14.",
        ),
        (
            "Done: order {order} now goes to the new address. I have changed it in your account as well.",
            "You caught us just in time; the label was not printed yet. The new address is on the parcel now.",
        ),
        ("Thank you, that was quick.", "Perfect. Sorry for the trouble.", "Great, thanks {agent}."),
        before="packed",
    ),
    Topic(
        "damaged on arrival",
        "service",
        "delivered",
        ("Order {order} arrived damaged", "Broken {item}", "Damage in transit, order {order}"),
        (
            "The {item} came today, but one corner of the box was crushed and it did not survive. Photo attached. "
            "What do we do now?",
            "I am sorry to say that the {item} from order {order} has a crack right across. The parcel looked fine "
            "from outside. I took a picture before touching anything.",
            "Unpacked order {order} with my daughter, and the {item} is chipped in two places. She was rather sad.",
        ),
        (
            "I am so sorry. A new {item} leaves today at our cost; please keep the broken one until the courier "
            "collects it, no need to pack it well.",
            "Thank you for the clear photo. That is our packing, not your hands. Would you like a replacement or your "
            "money back? Either is fine with us.",
        ),
        (
            "A replacement, please. We really like it.",
            "The new one arrived in one piece. Thank you for making it so easy!",
            "Money back, please; I found one here in {city} meanwhile.",
        ),
        photo=True,
    ),
    Topic(
        "it does not work",
        "service",
        "delivered",
        ("{item} stopped working", "Fault: {item} from order {order}", "Help with the {item}"),
        (
            "The {item} from order {order} worked for three days and is now quite dead. I tried another socket and "
            "another fuse. No light, no sound.",
            "The {item} makes a grinding noise and smells warm after a minute or so. I have stopped using it. "
            "Is that covered by the guarantee?",
            "Since yesterday the {item} trips the fuse of the whole kitchen. My husband says it is the cable, I say "
            "it is the switch. Could somebody look at it?",
        ),
        (
            "Please leave it unplugged. It is under guarantee until next year, so this costs you nothing: I can send "
            "an engineer or a courier, whichever suits you.",
            "That does not sound right. Our engineer Hamid asks: does the light blink twice when you plug it in? "
            "If so he knows the part and brings it with him.",
        ),
        (
            "It blinks twice, yes! Any afternoon suits me.",
            "An engineer would be wonderful. I am at home from two.",
            "It has been two days and nobody called. When can I expect somebody?",
            "Working again. Your engineer even took his shoes off at the door. Thank you.",
        ),
        photo=True,
        repairable=True,
    ),
    Topic(
        "return",
        "service",
        "returned",
        ("Returning order {order}", "I'd like to send back the {item}", "Return of #{order}"),
        (
            "The {item} is lovely but too large for our kitchen. May I return it? It has not been used. "
            "The order was {order}.",
            "My sister gave us the very same {item} on Sunday. Could I send back the one from order {order}?",
            "The colour is not what I expected from the picture. I would like to return order {order}, please.",
        ),
        (
            "Of course. The label is attached: put the {item} in its box, hand it to any courier point, and your "
            "money is back within five days of its arrival.",
            "No trouble at all. The courier can collect it in {city} tomorrow between ten and two; will you be in?",
        ),
        (
            "Sent today, here is the receipt number: {tracking}.",
            "Tomorrow at ten is fine.",
            "Has my parcel reached you? I have not seen the money yet.",
        ),
    ),
    Topic(
        "invoice",
        "finance",
        "paid",
        ("Invoice for order {order}", "VAT invoice please", "Order {order} - invoice with company name"),
        (
            "Could you send the invoice for order {order} with our company's name on it? Our accounts will not take "
            "the receipt.",
            "I need a PDF invoice for #{order} for my employer, please. The confirmation has no number on it.",
            "We close the month on Friday; could I have the invoice for order {order} before then?",
        ),
        (
            "Here it is. If the name has to be spelled differently, tell me and I shall write a new one.",
            "The invoice for order {order} is in your account now and on its way by e-mail.",
        ),
        ("Received, thank you.", "Thanks Shirin. Could the address be the registered one, please?", "Perfect."),
    ),
    Topic(
        "payment",
        "finance",
        "placed",
        ("Paid twice for order {order}?", "Payment for #{order}", "My bank shows two payments"),
        (
            "My bank shows two payments for order {order}, one minute apart. Did I press the button twice?",
            "The payment page froze and I am not sure whether order {order} went through. The bank says yes, "
            "your site says no.",
        ),
        (
            "You did pay twice; the second amount goes back to your card today. Banks take up to three days for it.",
            "It went through. The page was slow, sorry: order {order} is paid and being packed.",
        ),
        ("Seen it on the account, thank you.", "Thank you, that is a relief.", "Three days now and nothing back yet."),
    ),
    Topic(
        "before buying",
        "sales",
        None,
        ("Question about the {item}", "{item}: in stock?", "Before I order", "Is the {item} suitable for ...?"),
        (
            "Does the {item} work with 110 volts? We are moving to Canada in spring and I would like to take it along.",
            "How heavy is the {item}? It would have to go on a shelf that is not very brave.",
            "Is the {item} in your shop as well? I would like to hold it in my hands before I order.",
            'Will the {item} be back before the holidays? The page has said "soon" since last month.',
            "Can the {item} be gift-wrapped, with a card written in Persian? It is for my mother-in-law.",
        ),
        (
            "Good question, I had to go and look: yes, it does, and it says so underneath where nobody reads it.",
            "It is on the shelf of our shop in Vali Asr Street; ask for Parisa and she will make you a tea with it.",
            "We expect them next week. Shall I put one aside in your name? It commits you to nothing.",
        ),
        (
            "Wonderful, I have just ordered it.",
            "Thank you. I shall think about it until the weekend.",
            "Yes please, put one aside for me.",
        ),
    ),
    Topic(
        "thanks",
        "sales",
        "delivered",
        ("Thank you!", "Just to say thanks", "Happy with order {order}"),
        (
            "No complaint for once: the {item} is even nicer than in the pictures. My mother has already asked where "
            "it is from, so expect her.",
            "I wanted to thank whoever packed order {order}. The little bag of cardamom made my day.",
            "Three people at dinner asked about the {item}. You should give me a commission.",
        ),
        (
            "This went up on the wall of the packing room. Thank you for taking the time!",
            "That makes the whole team happy. Greetings to your mother, and tell her the tea is on us.",
        ),
        ("She has ordered already :-)",),
    ),
    Topic(
        "wholesale",
        "sales",
        None,
        ("Prices for ten or more", "Buying for a small hotel", "Quantity discount on the {item}?"),
        (
            "We run a guest house with eleven rooms and would like a {item} in each of them. What would your price be, "
            "and by when could you deliver to {city}?",
            "I buy presents for our team every winter. What would forty of the {item} cost, delivered?",
        ),
        ("From ten pieces we take 12 % off, from forty 18 %. Shall I write you an offer? It holds for two weeks.",),
        ("Yes, an offer please, to this address.", "Thank you, I shall put it to my partner on Monday."),
    ),
    Topic(
        "cancel",
        "orders",
        "cancelled",
        ("Please cancel order {order}", "Cancelling #{order}"),
        (
            "I ordered the wrong size. Please cancel order {order}; I'll order the right one straight away.",
            "Sorry, but I have to cancel order {order}. The kitchen is being rebuilt and I have nowhere to put it.",
        ),
        (
            "Order {order} is cancelled and nothing was taken from your card.",
            "Cancelled, and no harm done: order {order} was not packed yet.",
        ),
        ("Thank you for being so uncomplicated.", "All right, thanks {agent}."),
    ),
)

CHATS = (
    (
        "Hi! Is somebody there?",
        "Good {daytime}, this is {agent}. How can I help?",
        "How long is the guarantee on the {item}?",
        "Two years, and we keep the receipt for you.",
        "great, thanks",
    ),
    (
        "where is my order {order}",
        "Let me look ... it left our house yesterday. Tracking {tracking}.",
        "so tomorrow?",
        "Most likely tomorrow before six.",
        "ok thank you",
    ),
    (
        "I forgot my password and the mail with the link does not come",
        "Could it be in the junk folder? I have just sent another.",
        "oh. yes. there are four of them in there",
    ),
    (
        "Can I pick up order {order} at the shop instead?",
        "Certainly, it will wait at the counter until Saturday. Bring the number, that is enough.",
        "Perfect, I pass by on my way home",
    ),
    (
        "the {item} picture shows blue, the text says green?",
        "It is turquoise; we argue about that here as well.",
        "haha fine. ordering",
    ),
    (
        "Discount code TEA15 is not accepted",
        "It wants capital letters, and it is not for carpets. Was it a carpet?",
        "it was a carpet",
    ),
)

CALLS = (
    "asked about delivery of order {order}",
    "wants the invoice for order {order}",
    "question before buying: {item}",
    "{item}: something is wrong, service calls back",
    "change of address",
    "return of order {order}",
    "thanked for quick help",
    "payment not shown, checked with finance",
    "opening hours of the shop",
    "asked whether the {item} is in stock",
    "wants to be called back in the evening",
    "wrong number",
)

SMS = (
    "Baran Home: order {order} is on its way, tracking {tracking}.",
    "Baran Home: your parcel comes today between 10 and 14. Not at home? Answer 1.",
    "Baran Home: our engineer comes tomorrow at 15:00. Answer 2 for another day.",
)
SMS_ANSWERS = ("1 - not at home, tomorrow please", "2 - Thursday would be better", "That suits me, thank you")
