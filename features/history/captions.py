"""What creators wrote with their posts. Few posts are read: their texts are joined only then."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class Captions:
    """The texts of posts.

    `texts`: any of `features.history.post_readings.TEXT_FIELDS`, as Arrow arrays of one length;
    `order` (posts,): where the texts of each post stand in them.
    """

    texts: dict[str, pa.Array]
    order: np.ndarray

    @classmethod
    def from_texts(cls, texts: dict[str, pa.Array], order: np.ndarray) -> "Captions | None":
        """Return the captions of posts, None where no post has a text."""
        texts = {name: values for name, values in texts.items() if values.null_count < len(values)}
        return cls(texts, order) if texts else None

    def take(self, posts: np.ndarray) -> pa.Array:
        """Return the texts of each of `posts` (k,) as one: caption, hashtags with their
        sign, topic.

        >>> from features.history.arrays import text_array
        >>> texts = {"text": text_array(["Soup", None]), "hashtags": text_array([None, "food"])}
        >>> Captions(texts, np.array([1, 0])).take(np.array([0, 1])).to_pylist()
        ['\\n#food ', 'Soup\\n']
        """
        rows = pa.array(self.order[posts])
        texts = {name: values.take(rows) for name, values in self.texts.items()}
        if "hashtags" in texts:
            texts["hashtags"] = pc.replace_substring_regex(
                texts["hashtags"], r"[#\s,]*([^#\s,]+)", r"#\1 "
            )
        columns = [pc.fill_null(values, "") for values in texts.values()]
        return pc.binary_join_element_wise(*columns, pa.scalar("\n", pa.large_string()))
