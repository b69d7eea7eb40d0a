"""The weights in use, and where they come from. Written by `python -m bench.dedupe --fit`. No I/O."""

from types import MappingProxyType

from actors.trials.calibration import Model

SOURCE = (
    "124 pairs of COVID-19 trials of 17 registers in ICTRP's export of July 2020, judged by people, "
    "among their candidates; pairs of ClinicalTrials.gov's numbers as two trials each, at a weight of "
    "0.005; ridge 0.1; held at a bound: condition, intervention"
)

MODEL = Model(
    weights=MappingProxyType(
        {
            "best_title": 4.700,
            "same_title": 2.512,
            "all_titles": 2.474,
            "rare_words": 4.435,
            "other_words": -1.142,
            "other_number": -1.269,
            "sponsor": 2.058,
            "same_size": 4.261,
            "other_size": -0.883,
            "same_country": 0.370,
            "other_country": -3.971,
            "apart": -1.862,
            "other_phase": -0.346,
            "other_type": -0.567,
            "other_design": -1.915,
            "condition": 0.500,
            "intervention": 0.500,
        }
    ),
    intercept=-8.321,
    scale=0.760,
    shift=1.754,
    source=SOURCE,
)
