"""An independent implementation of the signals of posts, in plain pandas, that derive must equal."""

from invented_tables import fit_small, make_queries, make_tables
from pandas_oracle import compare


def test_pandas_and_derive_give_the_same_signals():
    tables = make_tables(6_000, 60, topics=True)
    both, different, missing = compare(tables, make_queries(tables, 300), fit_small(tables))
    assert different == []
    assert {
        "engagements_log_offset",
        "views_dev_p90",
        "sponsored_effect",
        "engagements_dev_similar",
    } <= set(both)
    assert {name.split("_")[0] for name in missing} == {"niche", "authenticity"}
