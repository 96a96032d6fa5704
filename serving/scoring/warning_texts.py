"""Every warning of an answer in a sentence, for people; docs/answers.md has the same sentences."""

import re
from collections.abc import Iterable

_POSTS_NOT_USED = "None of the recent posts is used: "
_NO_POST_COUNTS = "The creator is known, but none of its posts counts: "
#: Warning -> its sentence.
WARNING_TEXTS = {
    "starter_model": (
        "The starter model answers, which rests on published figures: train it on your own data."
    ),
    "stories_not_counted": (
        "No public count shows stories: they are left out of engagements and cost, and the fee "
        "pays for them too."
    ),
    "market_fee_without_stories": (
        "The usual fee is without the stories: no rate card tells what they cost."
    ),
    "followers_unknown": "The number of followers is not known.",
    "followers_zero": (
        "Zero followers are taken as unknown: give the right number, or leave the cell empty."
    ),
    "followers_read_after_as_of": (
        "The only known number of followers was read after the moment of the forecast."
    ),
    "posts_read_after_as_of": (
        "Counts of some past posts were read after the moment of the forecast."
    ),
    "posts_still_growing": (
        "The counts of its posts were read early and still grow: newer readings would tell more."
    ),
    "views_without_curve": (
        "Views are empty: no curve tells how they grow to the day that is asked for."
    ),
    "recent_posts_partly_used": "Some of the recent posts are used, others are not.",
    "recent_posts_after_as_of": (
        f"{_POSTS_NOT_USED}they are of later than the moment of the forecast."
    ),
    "recent_posts_too_young": f"{_POSTS_NOT_USED}they are too young.",
    "recent_posts_read_too_early": (
        f"{_POSTS_NOT_USED}their counts were read too early after posting."
    ),
    "recent_posts_hidden_likes": f"{_POSTS_NOT_USED}their likes are hidden.",
    "recent_posts_incomplete": f"{_POSTS_NOT_USED}a part of their counts is missing.",
    "recent_posts_are_reposts": f"{_POSTS_NOT_USED}they are reposts.",
    "recent_posts_known_already": f"{_POSTS_NOT_USED}they are in the tables already.",
    "recent_posts_not_used": (
        "The recent posts are not used, because what is stored of the creator tells more."
    ),
    "snapshot_not_used": (
        "What is stored of the creator is not used, because the recent posts tell more."
    ),
    "posts_after_as_of": f"{_NO_POST_COUNTS}they are of later than the moment of the forecast.",
    "posts_too_young": f"{_NO_POST_COUNTS}they are too young.",
    "posts_read_too_early": f"{_NO_POST_COUNTS}their counts were read too early after posting.",
    "posts_incomplete": f"{_NO_POST_COUNTS}a part of their counts is missing.",
    "posts_are_reposts": f"{_NO_POST_COUNTS}they are reposts.",
    "niche_unknown": "The niche is not known: the forecast is made without it.",
    "niche_from_text": "The niche was read from bio and captions, which is often wrong.",
    "format_not_told": "The format of the posts is not told: the forecast is made without it.",
    "few_posts": "Under 5 past posts are known.",
    "old_history": "The last known post is more than 90 days old.",
    "unusual_for_band": (
        "Its engagements lie outside of what 90 % of the creators of its size have: check them."
    ),
    "engagements_from_views": (
        "Only views are known: the engagements are what is usual for that many views."
    ),
    "engagements_lowered_to_views": (
        "The forecast of engagements was above that of views, and is lowered to it."
    ),
    "views_raised_to_engagements": (
        "The forecast of views was below that of engagements, and is raised to it."
    ),
    "followers_beyond_training": (
        "Its followers are fewer or more than those of every creator that the model learned from."
    ),
    "benchmark_from_rate_card": (
        "Too few of your own deals are known: the cost is compared with a rate card."
    ),
    "fee_range_upper_end": "The list has a range of fees: its upper end is used.",
    "fee_lower_end_only": "The list has only the lowest fee asked: it is used as the fee.",
    "market_above_break_even": "Such deals usually cost more than the highest fee that pays.",
    "break_even_above_market": (
        "The highest fee that pays is above nearly all that such deals cost: do not offer it, go "
        "by the usual fee."
    ),
    "youtube_benchmark_in_doubt": (
        "The benchmark of YouTube is in doubt: published rates of one source make it 4 to 8 USD "
        "an engagement, usual prices of views 0.3 to 1 USD. Compare costs by views."
    ),
    "fee_far_below_market": ("The fee is far below what such deals cost: check how it was read."),
    "same_offer_again": (
        "An earlier row of the list has the same creator and the same offer: book it once."
    ),
    "snapshot_stale": "What is stored of the creator is older than a week.",
    "lead_beyond_training": "The start lies more than 120 days ahead.",
    "few_creators_of_platform_in_training": (
        "Under 30 creators of that platform trained the model."
    ),
    "platform_not_in_training": "No creator of that platform trained the model.",
    "views_of_platform_not_in_training": "No views of that platform trained the model.",
    "platform_not_calibrated": (
        "There were no later posts of that platform to set the width of its ranges."
    ),
    "platform_not_backtested": "The forecasts for that platform were not tested on later posts.",
    "format_not_in_training": "No post of that format on that platform trained the model.",
    "niche_not_in_training": "No creator of that niche trained the model.",
    "no_sponsored_posts_in_training": (
        "The model has never seen a paid post: how payment changes engagement is not known."
    ),
    "part_shares_not_from_training": (
        "A missing part of the averages is filled in by usual shares of likes, comments and shares."
    ),
    "emv_shares_not_from_training": (
        "Earned media value is split by usual shares of likes, comments and shares."
    ),
    "implausible_average": "The averages are hardly possible: check them.",
    "rate_looks_like_percent": (
        "The engagement rate looks like a percentage: 3.2 % is written as 0.032."
    ),
    "model_old": "The data of the model ends more than 180 days ago: train it again.",
}
#: The same for what `track` adds; docs/track.md has the same sentences.
TRACK_WARNING_TEXTS = {
    "readings_after_as_of_not_used": "Readings after the moment of the forecast are not used.",
    "readings_of_the_first_hour_not_used": (
        "Readings of the first hour after posting are not used: they tell too little."
    ),
    "readings_without_observed_at_not_used": (
        "Readings of which nobody knows when they were made are not used."
    ),
    "moments_without_time_of_day": (
        "Some dates have no time of day: they are taken as midnight (UTC), and the age of a post "
        "may be wrong by a day."
    ),
    "fee_usd_not_used": (
        "The fee is not used: its amount or currency is not clear, or the currency has no rate."
    ),
    "rejected_rows_not_used": "Some rows of the list about this partnership could not be used.",
    "counts_fell_later_one_used": (
        "A count fell from one reading to the next: the later one is used."
    ),
    "engagements_unknown_at_some_readings": (
        "Some readings lack a part of the engagements: of those readings only views are used."
    ),
    "engagements_unknown": (
        "A part of the engagements is missing in all readings: the engagements are not known."
    ),
    "likes_hidden": "The likes are hidden: engagements cannot be read.",
    "no_curve_of_engagements": (
        "No curve tells how engagements grow on that platform: they are not forecast."
    ),
    "no_curve_of_views": "No curve tells how views grow on that platform: they are not forecast.",
    "horizon_passed_since_reading": (
        "The day that is forecast is past, and the last reading is from before it: read the post "
        "again."
    ),
    "read_after_horizon": (
        "The post was read after the day that is forecast: its count of that day is estimated "
        "from the later reading."
    ),
    "implausible_counts": "A reading has more engagements than views: check it.",
    "few_counts_and_no_forecast": (
        "The post has under 10 engagements, and no forecast was made before: little is known."
    ),
    "posts_without_reading_by_forecast": (
        "Posts without a usable reading count by the forecast made before."
    ),
    "more_online_than_deliverables": (
        "More posts are online than were booked: all count, but the make-good line is that of "
        "those booked."
    ),
}
#: Warnings that question what was given, or the verdict itself: who reads an answer should see them
#: beside the verdict, before its figures.
DOUBTS = (
    "fee_far_below_market",
    "implausible_average",
    "rate_looks_like_percent",
    "followers_zero",
    "fee_range_upper_end",
    "fee_lower_end_only",
    "unusual_for_band",
    "followers_beyond_training",
    "break_even_above_market",
    "market_above_break_even",
    "youtube_benchmark_in_doubt",
    "platform_not_in_training",
    "format_not_in_training",
    "old_history",
    "snapshot_stale",
    "model_old",
)
#: Ends the warning of a value that no forecast uses, behind the name of its column.
NOT_USED = "_not_used"
#: Warns that a package has no views, with the format that shows none.
_VIEWS_NOT_SHOWN = re.compile("views_of_(.+)_not_shown")


def warning_text(name: str) -> str:
    """Return the sentence of a warning.

    >>> warning_text("few_posts"), warning_text("avg_likes_not_used")
    ('Under 5 past posts are known.', 'The value of avg_likes is not used.')
    >>> warning_text("a_new_one")
    'A new one.'
    """
    for texts in (WARNING_TEXTS, TRACK_WARNING_TEXTS):
        if name in texts:
            return texts[name]
    if name.endswith(NOT_USED):
        return f"The value of {name.removesuffix(NOT_USED)} is not used."
    if hidden := _VIEWS_NOT_SHOWN.fullmatch(name):
        return (
            f"The platform, or the data of the model, shows no views of {hidden[1]} posts, so the "
            "package has none."
        )
    return f"{name.replace('_', ' ').capitalize()}."


def warning_sentences(names: Iterable[str]) -> str:
    """Return the sentences of warnings, one after the other."""
    return " ".join(map(warning_text, names))
