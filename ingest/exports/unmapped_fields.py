"""Counts the fields of records that no shape reads."""

from collections import Counter

from ingest.shapes.record_shapes import RecordShape

#: Forms of records of which fields are counted; a file has a handful, garbage could have any
#: number.
MOST_FORMS = 5000
LONGEST_NAME = 60

#: A form of record: its fields, and those of each object in it that is read in part.
Form = tuple[RecordShape, tuple[str, ...], tuple[tuple[str, tuple[str, ...]], ...]]


class UnmappedFieldCounter:
    """Counts by the forms of records, which are few, and names fields only at the end."""

    def __init__(self) -> None:
        self._forms: Counter[Form] = Counter()
        self._unmapped: Counter[str] = Counter()

    def count(self, shape: RecordShape, record: dict) -> None:
        """Count one record."""
        if shape.list_unmapped:
            self._unmapped.update(shape.list_unmapped(record))
        objects = tuple(
            (name, tuple(record[name]))
            for name in shape.parts
            if isinstance(record.get(name), dict)
        )
        form = (shape, tuple(record), objects)
        if form in self._forms or len(self._forms) < MOST_FORMS:
            self._forms[form] += 1

    def counts(self) -> Counter[str]:
        """Return how often each field occurred that is not read; a field of an object is named with
        it, as in "owner.bio".
        """
        counts = Counter(self._unmapped)
        for (shape, fields, objects), times in self._forms.items():
            for field in fields:
                unmapped = 0 if field in shape.mapped_fields else times
                counts[str(field)[:LONGEST_NAME]] += unmapped
            for name, inner_fields in objects:
                for field in inner_fields:
                    unmapped = 0 if field in shape.parts[name] else times
                    counts[f"{name}.{str(field)[:LONGEST_NAME]}"] += unmapped
        return +counts
