"""What simulated members write: notes, questions, posts and articles, with hashtags."""

import random
from collections.abc import Sequence

from infrastructure.simulation.people import Person

NOTES = (
    "We met at the {topic} meetup; I would like to stay in touch.",
    "Your talk on {topic} helped me last week. Thank you!",
    "We are working on the same problem in {topic}. Shall we compare notes?",
    "{name} here, from the floor below. Good to see you on board.",
    "I read what you wrote on {topic} and have a question or two.",
    "We studied together; it is good to find you here.",
)
KNOWN_FROM = ("colleagues", "studied together", "a conference", "a shared project", "neighbours")
ADVERTISEMENTS = (
    "Double your followers in a week! Ask me how.",
    "Exclusive offer for leaders in {topic}: reply today.",
    "I help people like you earn more with {topic}.",
)
QUESTIONS = (
    "Do we know each other?",
    "Thank you for writing. Where did we meet?",
    "Which of my texts do you mean?",
    "Before I accept: what would you like to talk about?",
)
ANSWERS = (
    "We sat at the same table in spring, at the {topic} day.",
    "Through a friend of the {topic} group; she said I should write to you.",
    "I was in your {topic} workshop, in the second row.",
)
SUGGESTIONS = (
    "I keep my connections to people I have worked with. You are welcome to follow me instead.",
    "I write here every week; following me shows you all of it.",
)
POSTS = (
    "Three things I wish I had known about #{topic} a year ago.",
    "We are moving our archive to a new home. Lessons in #{topic} and #{other} follow.",
    "Looking for a second pair of eyes on a #{topic} draft.",
    "A small win today: #{topic} made it through the review.",
    "Who is going to the #{topic} day in the spring?",
    "The best introduction to #{topic} that I have read this year is only four pages long.",
    "Nothing new from me today, only thanks to the people who answered yesterday.",
)
STATUS_UPDATES = ("Back from holidays.", "New desk, same plants.", "On the train, reading about {topic}.")
TITLES = ("What {topic} taught me about {other}", "Against the grain: {topic} without {other}", "{topic}, ten years on")
BODIES = (
    """Some years ago I thought that #{topic} was a matter of tools. It is a matter of patience.
What follows are notes for those who begin, and for those who, like me, begin again. #{other}""",
    """Everyone in #{topic} has a story of the day it went wrong.
This is mine, with the numbers. #{other}""",
)
COMMENTS = (
    "",
    "Worth your time.",
    "I disagree with the end, and recommend it.",
    "For the {topic} people here.",
)
HEADLINES = ("Works on {topic}", "{topic} and {other}", "Here for the {topic}", "Learning {topic}, teaching {other}")
SAVED_SUGGESTION = "Thank you for writing. I can't connect with everyone; please follow me, I answer under my articles."


def written(templates: Sequence[str], author: Person, chance: random.Random) -> str:
    """One of the templates, filled in with what its author cares about."""
    topic, other = chance.choice(author.interests), chance.choice(author.interests)
    text: str = chance.choice(templates)
    return text.format(topic=topic, other=other, name=author.name)
