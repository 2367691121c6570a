"""Families that are never trained on: other situations, the same level of arithmetic."""

from thoughtrank.questions.word_problems import arithmetic
from thoughtrank.questions.word_problems.families import Family

INGREDIENTS = (
    "cups of water", "spoons of oil", "grams of salt", "carrots", "potatoes", "tomatoes", "mushrooms", "olives",
    "beans", "onions", "cloves of garlic",
)  # fmt: skip
PLANTS = ("sunflower", "bean plant", "young birch", "cactus", "rose bush", "fern")
DISHES = ("soup", "stew", "pasta sauce", "chili", "curry", "lentil soup")

TEMPERATURE = Family(
    name="temperature",
    steps=1,
    arithmetic=arithmetic.DEGREES,
    wordings=(
        "It was {a} degrees at noon. By the evening the temperature had dropped by {b} degrees. "
        "How many degrees was it in the evening?",
        "The thermometer in {town} shows {a} degrees. If it gets {b} degrees colder, what number will it show?",
        "In the sun it is {a} degrees, and in the shade it is {b} degrees cooler. How many degrees is it in the shade?",
        "Yesterday the water in a barrel was at {a} degrees. Overnight it cooled by {b} degrees. "
        "What is the water temperature today, in degrees?",
        "How warm, in degrees, is an empty house after it cools down by {b} degrees from {a} degrees?",
        "Today {town} is {b} degrees colder than the coast, where it is {a} degrees. "
        "Find the temperature in {town}, in degrees.",
    ),
)
RECIPE_SCALING = Family(
    name="recipe_scaling",
    steps=1,
    arithmetic=arithmetic.AMOUNT_BATCHES,
    slots={"ingredient": INGREDIENTS, "dish": DISHES},
    wordings=(
        "One pot of {dish} takes {a} {ingredient}. How many {ingredient} are needed for {b} pots?",
        "{name}'s recipe for {dish} calls for {a} {ingredient}. {She} wants to make {b} times the recipe. "
        "How many {ingredient} should {she} use?",
        "If a cook uses {a} {ingredient} in each batch of {dish}, how many {ingredient} go into {b} batches?",
        "For a street party {name} cooks {b} pans of {dish}. Every pan needs {a} {ingredient}. "
        "What is the total number of {ingredient}?",
        "How many {ingredient} does {name} need for {b} jars of {dish} when a single jar needs {a}?",
    ),
)
GROWTH = Family(
    name="growth",
    steps=1,
    arithmetic=arithmetic.SUM,
    slots={"plant": PLANTS},
    wordings=(
        "In May a {plant} was {a} inches tall. By August it had grown {b} inches. How tall was it then, in inches?",
        "{name} measures a {plant}: it has grown {b} inches since it was {a} inches tall. What is its height in inches?",
        "How tall, in inches, is a {plant} that starts at {a} inches and grows another {b}?",
        "A {plant} stands {a} inches high today and will gain {b} inches by next year. How many inches high will it be?",
        "{name}'s {plant} reached {a} inches, and {friend}'s is {b} inches taller. "
        "How many inches tall is {friend}'s {plant}?",
    ),
)
ELEVATOR = Family(
    name="elevator",
    steps=2,
    arithmetic=arithmetic.UP_AND_DOWN,
    wordings=(
        "An elevator starts on floor {a}. It goes up {b} floors and then down {c} floors. What floor is it on now?",
        "{name} gets into an elevator on floor {a}, rides up {b} floors, and then comes back down {c} floors. "
        "Which floor is {she} on now?",
        "The elevator was on floor {a} when {name} called it. It climbed {b} floors to pick {him} up and took {him} "
        "down {c} floors. What number did the display show then?",
        "If you enter on floor {a}, travel {b} floors up, and afterwards travel {c} floors down, "
        "what floor do you end on?",
        "In a tall tower, {name} works on floor {a}. {She} takes the elevator {b} floors up to a meeting, "
        "and from there {c} floors down to lunch. Which floor is lunch on?",
    ),
)
STICKER_TRADE = Family(
    name="sticker_trade",
    steps=2,
    arithmetic=arithmetic.TRADE,
    wordings=(
        "{name} has {a} stickers. {She} trades {b} of them to {friend} and gets {c} stickers in return. "
        "How many stickers does {name} have after the trade?",
        "In a swap, {name} gave {friend} {b} stickers and {friend} gave {name} {c}. Before the swap {name} had {a}. "
        "How many stickers does {name} have now?",
        "How many stickers does {name} end up with if {she} starts with {a}, hands {b} to {friend}, "
        "and receives {c} from {friend}?",
        "{friend} offers {c} small stickers for {b} of {name}'s big ones. {name}, who has {a} stickers in all, agrees. "
        "How many stickers does {name} own after that?",
        "There were {a} stickers in {name}'s album. {friend} took {b} of them and put {c} others in their place. "
        "Find the number of stickers in the album now.",
    ),
)

UNSEEN = (TEMPERATURE, RECIPE_SCALING, GROWTH, ELEVATOR, STICKER_TRADE)
