"""More trained families with one calculation: work, travel and time."""

from thoughtrank.questions.word_problems import arithmetic
from thoughtrank.questions.word_problems.families import Family, nouns

RIBBONS = ("ribbon", "rope", "wire", "string", "chain")
VEHICLES = ("bus", "boat", "train car", "cable car", "minibus")
TASKS = nouns(
    "bracelet", "paper lantern", "birdhouse", "candle holder", "bookmark", "kite", "clay pot", "scarf/scarves"
)

YEARS_AGO = Family(
    name="years_ago",
    steps=1,
    arithmetic=arithmetic.DIFFERENCE,
    wordings=(
        "{name} is {a} years old today. How old was {she} {b} years ago?",
        "Now {name} is {a}. {Her} first school photo was taken {b} years earlier. How old is {she} in that photo?",
        "{friend}, who is {a}, was born {b} years before {name}. What is {name}'s age?",
        "A tree in {town} is {a} years old. How many years old was it {b} years ago?",
        "How old was {name} when {she} moved to {town}, if that was {b} years ago and {she} is {a} now?",
    ),
)
WAGES = Family(
    name="wages",
    steps=1,
    arithmetic=arithmetic.PRODUCT,
    wordings=(
        "{name} earns ${a} an hour for raking leaves. How many dollars does {she} earn in {b} hours?",
        "For each dog that {name} walks {she} gets ${a}. {She} walks {b} dogs. How many dollars is that?",
        "A bakery pays ${a} for every hour of work. {name} worked there for {b} hours. "
        "What should {she} be paid, in dollars?",
        "If {name} is paid ${a} per car and washes {b} cars, how much money does {she} make, in dollars?",
        "How many dollars does {name} take home after {b} days of picking berries at ${a} a day?",
    ),
)
LENGTHS = Family(
    name="lengths",
    steps=1,
    arithmetic=arithmetic.SUM,
    slots={"ribbon": RIBBONS},
    wordings=(
        "{name} ties a {ribbon} of {a} meters to one of {b} meters, end to end. How many meters long are both together?",
        "One piece of {ribbon} is {a} meters long, the other {b} meters. Find their total length in meters.",
        "From {town} it is {a} miles to the lake and another {b} miles on to the mill. How many miles is it to the mill?",
        "{name} has used {a} meters of {ribbon}, and {b} meters are left. How many meters were there at the start?",
        "How many meters of {ribbon} does {name} need for two fences, one of {a} meters and one of {b} meters?",
    ),
)
FREE_SEATS = Family(
    name="free_seats",
    steps=1,
    arithmetic=arithmetic.DIFFERENCE,
    slots={"vehicle": VEHICLES},
    wordings=(
        "A {vehicle} has {a} seats, and {b} of them are taken. How many seats are free?",
        "There is room for {a} people on the {vehicle}. So far {b} have got on. How many more can get on?",
        "In a swimming class {b} of the {a} places are filled. How many places are still open?",
        "A table is set for {a} guests, but only {b} guests have arrived. How many chairs are empty?",
        "How many tickets are unsold if there were {a} for the {vehicle} and {name} sold {b}?",
    ),
)
HANDICRAFT = Family(
    name="handicraft",
    steps=1,
    arithmetic=arithmetic.PRODUCT,
    slots={"task": TASKS},
    wordings=(
        "It takes {name} {a} minutes to make one {task}. How many minutes does {she} need for {b} {tasks}?",
        "{name} makes {b} {tasks} and spends {a} minutes on each. For how many minutes does {she} work?",
        "If one {task} takes {a} minutes, how long do {b} {tasks} take, in minutes?",
        "A class of {b} children makes {tasks}. Every child finishes {a} of them. How many {tasks} are there?",
        "How many beads go into {b} {tasks} when each of them is decorated with {a} beads?",
    ),
)

DAILY_LIFE = (YEARS_AGO, WAGES, LENGTHS, FREE_SEATS, HANDICRAFT)
