"""Words that mean the same, as the documents themselves say (`synonyms` in their front matter)."""

from collections.abc import Iterator, Mapping, Sequence

from knowledge._lexicon import ANY_LANGUAGE, Lexicon, Term

Phrase = Sequence[tuple[str, str]]
"""The words of a phrase, each as written and as its term."""


class Synonyms:
    """Groups of phrases that mean the same.

    A phrase of several words is recognised in a question, and stands for the single words of its group; the reverse is
    not done: a single word never asks for several to stand together.
    """

    def __init__(self, groups: Sequence[Sequence[Phrase]]) -> None:
        self._others: dict[tuple[str, ...], set[tuple[str, str]]] = {}
        for group in groups:
            single = {tuple(phrase[0]) for phrase in group if len(phrase) == 1}
            for phrase in group:
                for spelling in zip(*phrase, strict=True):
                    known = self._others.setdefault(spelling, set())
                    known.update((surface, term) for surface, term in single if (surface,) != spelling)
        self._longest = max(map(len, self._others), default=0)

    def find(self, spellings: Mapping[int, Sequence[str]], lexicon: Lexicon) -> Iterator[tuple[int, Term]]:
        """Yields a position of the question and a term that may stand there too.

        Args:
            spellings: By position, the word as written and its stems.
            lexicon: The words of the index.
        """
        found = [
            (position, others)
            for run in self._runs(sorted(spellings))
            for others in self._matching([spellings[position] for position in run])
            for position in run
        ]
        names = {name for _, others in found for pair in others for name in pair}
        terms: dict[str, set[Term]] = {}
        for term in lexicon.terms(names, ANY_LANGUAGE):
            terms.setdefault(term.name, set()).add(term)
        for surface, term, _ in lexicon.written(names):
            terms.setdefault(surface, set()).add(term)
        for position, others in found:
            for term in {term for pair in others for name in pair for term in terms.get(name, ())}:
                yield position, term

    def _runs(self, positions: Sequence[int]) -> Iterator[Sequence[int]]:
        for start in range(len(positions)):
            for length in range(1, min(self._longest, len(positions) - start) + 1):
                yield positions[start : start + length]

    def _matching(self, spellings: Sequence[Sequence[str]]) -> Iterator[set[tuple[str, str]]]:
        """What means the same as a run of words, spelt as written or as any language stems them."""
        for phrase in dict.fromkeys(zip(*spellings, strict=True)):
            if (others := self._others.get(phrase)) is not None:
                yield others
