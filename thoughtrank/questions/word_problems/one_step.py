"""Trained families with one calculation."""

from thoughtrank.questions.word_problems import arithmetic
from thoughtrank.questions.word_problems.families import Family, nouns

KEEPSAKES = nouns(
    "marble", "stamp", "shell", "button", "bead", "postcard", "pebble", "acorn", "badge", "bottle cap", "toy car",
    "comic book", "feather", "pine cone", "key ring", "photo",
)  # fmt: skip
CRATE_GOODS = nouns(
    "pencil", "crayon", "candle", "eraser", "notebook", "tennis ball", "paper cup", "brush/brushes", "wooden block",
    "puzzle piece", "magnet", "ribbon",
)  # fmt: skip
FRUIT = nouns("apple", "pear", "plum", "lemon", "peach/peaches", "tomato/tomatoes", "orange", "fig", "cherry/cherries")
SNACKS = nouns("cookie", "muffin", "bread roll", "pretzel", "waffle", "dumpling", "strawberry/strawberries", "walnut")
CONTAINERS = nouns("box/boxes", "bag", "basket", "tray", "crate", "bucket")

JOINING = Family(
    name="joining",
    steps=1,
    arithmetic=arithmetic.SUM,
    slots={"thing": KEEPSAKES},
    wordings=(
        "{name} has {a} {things}. {friend} gives {him} {b} more. How many {things} does {name} have now?",
        "There are {a} {things} in the drawer and {b} on the table. How many {things} are there altogether?",
        "{name} puts {a} {things} into an empty basket in the morning and another {b} in the afternoon. "
        "How many {things} are in the basket that evening?",
        "On Monday {name} collected {a} {things}, and on Tuesday {she} collected {b}. "
        "What is the total number of {things} for the two days?",
        "If {name} owns {a} {things} and buys another {b}, how many {things} will {she} own?",
        "{name} and {friend} put all their {things} together in one box. {name} brought {a} and {friend} brought {b}. "
        "Work out how many {things} the box holds.",
    ),
)
TAKING_AWAY = Family(
    name="taking_away",
    steps=1,
    arithmetic=arithmetic.DIFFERENCE,
    slots={"thing": CRATE_GOODS},
    wordings=(
        "{name} had {a} {things} and gave {b} of them to {friend}. How many {things} does {name} still have?",
        "A box was packed with {a} {things}. Then {name} took out {b} of them. How many {things} are left in the box?",
        "How many {things} are left if {name} starts with {a} and loses {b}?",
        "Out of {a} {things} on the shelf, {b} fell to the floor. How many {things} stayed on the shelf?",
        "A shop had {a} {things} in the morning. By closing time it had sold {b}. "
        "How many {things} were still in the shop?",
        "For a school project {name} needs {a} {things}, but {she} has found only {b} so far. "
        "How many {things} must {she} still find?",
    ),
)
COMPARING = Family(
    name="comparing",
    steps=1,
    arithmetic=arithmetic.DIFFERENCE,
    slots={"thing": KEEPSAKES},
    wordings=(
        "{name} has {a} {things} and {friend} has {b}. How many more {things} does {name} have than {friend}?",
        "There are {b} {things} in the red box and {a} in the blue box. "
        "How many fewer {things} does the red box hold than the blue one?",
        "{friend} wants as many {things} as {name}, who has {a}. So far {friend} has {b}. "
        "How many more {things} does {friend} need?",
        "One box contains {a} {things} and another contains {b}. By how many {things} do the two boxes differ?",
        "Two classes gathered {things} for a craft day. Class A brought {a}, which beat the {b} that Class B brought. "
        "By how many {things} was Class A ahead?",
        "If {name} counts {a} {things} while {friend} counts only {b}, "
        "how much higher is the number that {name} counts?",
    ),
)
EQUAL_GROUPS = Family(
    name="equal_groups",
    steps=1,
    arithmetic=arithmetic.PRODUCT,
    slots={"thing": FRUIT, "container": CONTAINERS},
    wordings=(
        "{name} fills {a} {containers} with {b} {things} each. How many {things} is that altogether?",
        "Each {container} holds {b} {things}. How many {things} are there in {a} {containers}?",
        "There are {a} {containers} on the counter, and every one of them contains {b} {things}. "
        "Find the total number of {things}.",
        "How many {things} does {name} need in order to put {b} in each of {a} {containers}?",
        "{name} picks {b} {things} every day. After {a} days, how many {things} has {she} picked?",
        "A market stall sells {things} in {containers} of {b}. If it sells {a} {containers} on Friday, "
        "how many {things} does it sell that day?",
    ),
)
SHARING = Family(
    name="sharing",
    steps=1,
    arithmetic=arithmetic.QUOTIENT,
    slots={"thing": SNACKS},
    wordings=(
        "{name} shares {a} {things} equally among {b} friends. How many {things} does each friend get?",
        "A cook packs {a} {things} into {b} boxes, with the same number in each box. "
        "How many {things} go into one box?",
        "If {b} children split {a} {things} evenly, how many {things} does each child receive?",
        "There are {a} {things} to be set out on {b} plates. Every plate must have the same number. "
        "How many {things} belong on each plate?",
        "{name} has {b} empty bags. {She} divides {a} {things} between the bags so that all bags have equally many. "
        "How many {things} are in each bag?",
        "A tray of {a} {things} is divided fairly between {b} tables at the school fair. "
        "Find the number of {things} for one table.",
    ),
)
FRACTION_OF = Family(
    name="fraction_of",
    steps=1,
    arithmetic=arithmetic.FRACTION,
    slots={"thing": CRATE_GOODS},
    wordings=(
        "{name} has {a} {things} and gives {fraction} of them to {friend}. How many {things} does {friend} get?",
        "There are {a} {things} in a box, and {fraction} of them are red. How many red {things} are there?",
        "A shop had {a} {things} and sold {fraction} of them on Saturday. How many {things} were sold on Saturday?",
        "{Fraction} of the {a} {things} on {name}'s desk came from {friend}. How many {things} came from {friend}?",
        "Of the {a} {things} in the cupboard, {name} packed exactly {fraction}. How many {things} did {she} pack?",
        "If {fraction} of a bag of {a} {things} spilled on the floor, how many {things} spilled?",
    ),
)
TIMES_AS_MANY = Family(
    name="times_as_many",
    steps=1,
    arithmetic=arithmetic.TIMES,
    slots={"thing": KEEPSAKES},
    wordings=(
        "{friend} has {a} {things}. {name} has {times} as many. How many {things} does {name} have?",
        "{name} found {times} as many {things} as {friend}, who found {a}. How many {things} did {name} find?",
        "The small box holds {a} {things}. The large box holds {times} that number. "
        "How many {things} are in the large box?",
        "Last year {name} owned {a} {things}. {Her} collection is now {times} as big. "
        "How many {things} does {she} own now?",
        "If {friend} builds a tower of {a} blocks and {name} uses {times} as many blocks, "
        "how many blocks does {name} use?",
        "A red rope is {a} meters long, and a green rope is {times} as long. How long is the green rope, in meters?",
    ),
)
AGES = Family(
    name="ages",
    steps=1,
    arithmetic=arithmetic.AGE_SUM,
    wordings=(
        "{name} is {a} years old. How old will {she} be in {b} years?",
        "{friend} is {b} years older than {name}, who is {a}. How old is {friend}?",
        "{name} turned {a} today. {Her} neighbor is {b} years older. What is the neighbor's age?",
        "An oak tree in {town} is {a} years old today. What will its age be after {b} more years?",
        "When {name} moved to {town}, {she} was {a} years old. That was {b} years ago. How old is {name} now?",
        "{name}, who is {a}, was born {b} years after {friend}. Find {friend}'s age.",
    ),
)
DISTANCE = Family(
    name="distance",
    steps=1,
    arithmetic=arithmetic.SPEED_TIME,
    wordings=(
        "A boat sails at {a} kilometers per hour for {b} hours. How many kilometers does it travel?",
        "{name} rides a horse cart that covers {a} kilometers every hour. "
        "How far, in kilometers, does {she} get in {b} hours?",
        "A toy robot rolls {a} centimeters each second. It keeps rolling for {b} seconds. "
        "What distance does it cover, in centimeters?",
        "How many meters does a drone fly in {b} seconds if its speed is {a} meters per second?",
        "After {b} hours on a straight road at a steady {a} miles per hour, how many miles has a tractor gone?",
        "In one minute a turtle crawls {a} feet. At that speed, how many feet does the turtle crawl in {b} minutes?",
    ),
)
CLOCK_TIME = Family(
    name="clock_time",
    steps=1,
    arithmetic=arithmetic.CLOCK,
    wordings=(
        "A cartoon starts at {a}:{b:02d} and ends at {a}:{c:02d}. How many minutes does it last?",
        "{name} leaves home at {a}:{b:02d} and gets to the library at {a}:{c:02d}. "
        "How many minutes does the trip take?",
        "The clock showed {a}:{b:02d} when {name} began to draw and {a}:{c:02d} when {she} put the pencil down. "
        "For how many minutes did {she} draw?",
        "As the clock goes from {a}:{b:02d} to {a}:{c:02d}, how many minutes pass?",
        "It is now {a}:{b:02d}, and {name}'s bus comes at {a}:{c:02d}. How many minutes does {she} have to wait?",
        "If a cake goes into the oven at {a}:{b:02d} and comes out at {a}:{c:02d}, what is its baking time in minutes?",
    ),
)

ONE_STEP = (
    JOINING, TAKING_AWAY, COMPARING, EQUAL_GROUPS, SHARING, FRACTION_OF, TIMES_AS_MANY, AGES, DISTANCE, CLOCK_TIME,
)  # fmt: skip
