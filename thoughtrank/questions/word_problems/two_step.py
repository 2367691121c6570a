"""Trained families with two calculations."""

from thoughtrank.questions.word_problems import arithmetic
from thoughtrank.questions.word_problems.families import Family, nouns

WARES = nouns(
    "notebook", "cap", "puzzle", "kite", "toy train", "plant", "ticket", "mug", "lamp", "poster", "scarf/scarves"
)
SUPPLIES = nouns(
    "candle", "battery/batteries", "paper cup", "nail", "balloon", "envelope", "tea bag", "light bulb", "napkin",
    "screw", "paper plate", "paper straw",
)  # fmt: skip

PRICE_AND_CHANGE = Family(
    name="price_and_change",
    steps=2,
    arithmetic=arithmetic.CHANGE,
    slots={"thing": WARES},
    wordings=(
        "{name} buys {a} {things} for ${b} each and pays with ${c}. How many dollars of change does {she} get?",
        "One {thing} costs ${b}. {name} takes {a} of them to the counter and hands over ${c}. "
        "How many dollars should {she} get back?",
        "With ${c} in {her} pocket, {name} goes to the market and buys {a} {things} at ${b} apiece. "
        "How many dollars are left?",
        "How much change, in dollars, is due from ${c} when {a} {things} are bought at ${b} each?",
        "A club orders {a} {things}. Each one costs ${b}, and the club sends the seller ${c}. "
        "How many dollars should the seller return?",
        "{name} had ${c}. If {she} spent part of it on {a} {things} that cost ${b} each, "
        "how many dollars does {she} have now?",
    ),
)
BUY_THEN_USE = Family(
    name="buy_then_use",
    steps=2,
    arithmetic=arithmetic.PRODUCT_LESS,
    slots={"thing": SUPPLIES},
    wordings=(
        "{name} buys {a} packs of {things} with {b} {things} in each pack. {She} uses {c} of them. "
        "How many {things} are left?",
        "A full box holds {b} {things}. {name} opens {a} full boxes, and {c} {things} get used. "
        "How many {things} remain?",
        "After buying {a} packs of {b} {things} each, {name} used up {c} {things}. "
        "How many {things} did {she} have left?",
        "The school was sent {a} boxes, each with {b} {things}. During the first week {c} {things} were used. "
        "How many {things} remained at the end of that week?",
        "How many {things} remain from {a} full packs of {b} {things} each once {c} {things} have been used?",
        "{name} had no {things} at home, so {she} bought {a} packets of {b}. Since then {she} has used {c} {things}. "
        "Find how many {things} {she} has now.",
    ),
)
ROWS_AND_SEATS = Family(
    name="rows_and_seats",
    steps=2,
    arithmetic=arithmetic.PRODUCT_MORE,
    wordings=(
        "A hall has {a} rows of {b} seats and {c} extra seats at the back. How many seats are there in all?",
        "{name} sets up {a} rows of chairs with {b} chairs in each row, and then {she} puts {c} more chairs along the "
        "wall. How many chairs does {she} set up?",
        "In a small theater every row has {b} seats. There are {a} rows, plus a balcony with {c} seats. "
        "How many people can sit in the theater?",
        "How many people can sit on a ferry that has {a} benches for {b} people each and {c} single seats?",
        "For the school play, {a} rows of {b} chairs were not enough, so {c} more chairs were carried in. "
        "How many chairs were there then?",
        "The students sit in {a} rows of {b}, and {c} teachers sit in front of them. How many people are sitting?",
    ),
)
PAGES_LEFT = Family(
    name="pages_left",
    steps=2,
    arithmetic=arithmetic.REMAINDER,
    wordings=(
        "{name}'s book has {a} pages. {She} reads {b} pages a day for {c} days. How many pages are left to read?",
        "Every evening {name} reads {b} pages of a book that has {a} pages. "
        "How many pages are left after {c} evenings?",
        "After reading {b} pages on each of {c} days, how many pages of a story of {a} pages "
        "does {name} still have to read?",
        "A comic book is {a} pages long. {name} has been reading it for {c} days, {b} pages each day. "
        "How many pages has {she} not read yet?",
        "{name} wants to finish a story with {a} pages. So far {she} has spent {c} afternoons on it and got through "
        "{b} pages each time. How many pages remain?",
        "The library book that {name} borrowed has {a} pages, and {she} manages {b} pages per day. "
        "When {c} days have passed, how many pages are unread?",
    ),
)
SAVING_UP = Family(
    name="saving_up",
    steps=2,
    arithmetic=arithmetic.START_AND_EARN,
    wordings=(
        "{name} has ${a} in {her} piggy bank and saves ${b} every week. "
        "How many dollars does {she} have after {c} weeks?",
        "Each week {name} earns ${b} for walking a dog. {She} already had ${a}. "
        "How many dollars will {she} have after {c} weeks if {she} spends nothing?",
        "For washing a car {name} gets ${b}. {She} washes {c} cars and adds the money to the ${a} {she} already has. "
        "How much money, in dollars, does {she} have now?",
        "How many dollars will be in a money box that holds ${a} today if ${b} is put in on each of the next {c} days?",
        "{name}'s grandmother gave {him} ${a}. After that, {name} saved ${b} a month for {c} months. "
        "How many dollars does {name} have in all?",
        "{name} opens an account with ${a} and pays in ${b} every month. "
        "What is the balance, in dollars, after {c} monthly payments?",
    ),
)
PERIMETER = Family(
    name="perimeter",
    steps=2,
    arithmetic=arithmetic.PERIMETER,
    wordings=(
        "A rectangular garden is {a} meters long and {b} meters wide. What is its perimeter in meters?",
        "{name} puts a fence all the way around a rectangular yard that measures {a} meters by {b} meters. "
        "How many meters of fence does {she} need?",
        "How many centimeters of ribbon go once around the edge of a rectangular card with sides of {a} centimeters "
        "and {b} centimeters?",
        "The two longer sides of a rectangle are {a} inches each and the two shorter sides are {b} inches each. "
        "Find the distance around the rectangle in inches.",
        "{name} walks exactly once around a rectangular pool. The pool is {a} meters long and {b} meters wide. "
        "How many meters is that walk along the edge?",
        "If a rectangular picture is {a} centimeters wide and {b} centimeters tall, "
        "how many centimeters of tape run once around its edge?",
    ),
)

TWO_STEP = (PRICE_AND_CHANGE, BUY_THEN_USE, ROWS_AND_SEATS, PAGES_LEFT, SAVING_UP, PERIMETER)
