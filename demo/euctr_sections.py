"""The sections of a protocol of EU CTR after its titles: sponsor, medicines, conditions, subjects, review. No I/O."""

from __future__ import annotations

from datetime import date

from demo.telling import Telling
from demo.world import Truth

HEADER = (
    "This file contains full details on each clinical trial selected for download. Where multi-state trials have been"
    " downloaded full information for each of the member states/countries involved in the trial are included"
    " separately.\n\n"
)


def _says(of: bool) -> str:
    return "Yes" if of else "No"


def sponsors(of: Truth) -> list[str]:
    lines = ["B. Sponsor Information"]
    for place, party in enumerate((of.sponsor, *of.collaborators), start=1):
        country = of.sites[(place - 1) % len(of.sites)].country.name
        lines += [
            f"Sponsor {place}",
            f"B.1.1 Name of Sponsor: {party.name}",
            f"B.1.3.4\tCountry: {country}",
            f"B.3.1 and B.3.2\tStatus of the sponsor: {'C' if party.type == 'INDUSTRY' else 'Non-C'}ommercial",
            "B.4 Source(s) of Monetary or Material Support for the clinical trial:",
            f"B.4.1 Name of organisation providing support: {of.sponsor.name}",
            f"B.4.2 Country: {country}",
            "B.5 Contact point designated by the sponsor for further information on the trial",
            f"B.5.1 Name of organisation: {party.name}",
            "B.5.2 Functional name of contact point: Trial Office",
            "B.5.3 Address",
            "B.5.3.1 Street Address: 1 Example Street",
            f"B.5.3.2 Town/ city: {of.sites[0].city.name}",
            f"B.5.3.3 Post code: {of.sites[0].city.zip}",
            f"B.5.3.4 Country: {of.sites[0].country.name}",
            "B.5.4 Telephone number: +33199000000",
            f"B.5.6 E-mail: trial{of.outline.index}@example.org",
        ]
    return lines


def medicines(of: Truth) -> list[str]:
    lines = ["D. IMP Identification"]
    for place, treatment in enumerate(of.treatments, start=1):
        lines += [
            f"D.IMP: {place}",
            "D.1.2 and D.1.3 IMP Role: Test",
            "D.2 Status of the IMP to be used in the clinical trial",
            f"D.2.1 IMP to be used in the trial has a marketing authorisation: {_says(place == 1)}",
            "D.3 Description of the IMP",
            f"D.3.1 Product name: {treatment.name}",
            "D.3.4 Pharmaceutical form: Film-coated tablet",
            "D.3.7 Routes of administration for this IMP:",
            "Oral use",
            "D.3.8 to D.3.10 IMP Identification Details (Active Substances)",
            f"D.3.8 INN - Proposed INN: {treatment.name.upper()}",
        ]
    lines += ["", "D.8 Information on Placebo"]
    if of.against == "Placebo":
        lines += ["D.8 Placebo: 1", "D.8.1 Is a Placebo used in this Trial? Yes"]
    return lines


def conditions(told: Telling, country: str) -> list[str]:
    """Section E: what is studied, in whom, and how."""
    of = told.of
    phases = set(of.phases)
    sites = [site for site in of.sites if site.country.name == country]
    return [
        "E. General Information on the Trial",
        "E.1 Medical condition or disease under investigation",
        f"E.1.1 Medical condition(s) being investigated: {', '.join(of.named)}",
        f"E.1.1.1 Medical condition in easily understood language: {of.named[0]}",
        "E.1.1.2 Therapeutic area: Diseases [C] - Symptoms and general pathology [C23]",
        "MedDRA Classification",
        "E.1.3 Condition being studied is a rare disease: No",
        "E.2 Objective of the trial",
        f"E.2.1 Main objective of the trial: {told.summary}",
        "E.2.2 Secondary objectives of the trial: Not applicable",
        "E.2.3 Trial contains a sub-study: No",
        f"E.3 Principal inclusion criteria: {_criteria(told.included)}",
        f"E.4 Principal exclusion criteria: {_criteria(told.excluded)}",
        "E.5 End points",
        f"E.5.1 Primary end point(s): {'; '.join(one.measure for one in told.primary)}",
        f"E.5.1.1 Timepoint(s) of evaluation of this end point: {told.primary[0].frame}",
        f"E.5.2 Secondary end point(s): {'; '.join(one.measure for one in told.secondary)}",
        f"E.5.2.1 Timepoint(s) of evaluation of this end point: {told.primary[0].frame}",
        "E.7 Trial type and phase",
        f"E.7.1 Human pharmacology (Phase I): {_says(bool(phases & {'PHASE1', 'EARLY_PHASE1'}))}",
        f"E.7.1.1 First administration to humans: {_says('EARLY_PHASE1' in phases)}",
        f"E.7.2 Therapeutic exploratory (Phase II): {_says('PHASE2' in phases)}",
        f"E.7.3 Therapeutic confirmatory (Phase III): {_says('PHASE3' in phases)}",
        f"E.7.4 Therapeutic use (Phase IV): {_says('PHASE4' in phases or 'NA' in phases)}",
        "E.8 Design of the trial",
        f"E.8.1 Controlled: {_says(bool(of.against))}",
        f"E.8.1.1 Randomised: {_says(bool(of.against))}",
        "E.8.1.2 Open: Yes",
        "E.8.1.3 Single blind: No",
        "E.8.1.4 Double blind: No",
        f"E.8.2.2 Placebo: {_says(of.against == 'Placebo')}",
        f"E.8.3 The trial involves single site in the Member State concerned: {_says(len(sites) == 1)}",
        f"E.8.4 The trial involves multiple sites in the Member State concerned: {_says(len(sites) > 1)}",
        f"E.8.4.1 Number of sites anticipated in Member State concerned: {len(sites)}",
        f"E.8.5 The trial involves multiple Member States: {_says(len({s.country.name for s in of.sites}) > 1)}",
        "E.8.7 Trial has a data monitoring committee: Yes",
        "E.8.8 Definition of the end of the trial and justification where it is not the last visit of the last subject"
        " undergoing the trial: Last visit of the last subject",
        "E.8.9 Initial estimate of the duration of the trial",
        f"E.8.9.1 In the Member State concerned years: {(of.outline.done - of.outline.started) // 365}",
        "E.8.9.1 In the Member State concerned months: 0",
        "E.8.9.1 In the Member State concerned days: 0",
    ]


def _criteria(lines: tuple[str, ...]) -> str:
    return "\n".join(f"{at}. {line}" for at, line in enumerate(lines, start=1)).replace("\\", "")


def population(of: Truth, country: str) -> list[str]:
    least, most = of.ages[0] or 0, 200 if of.ages[1] is None else of.ages[1]
    planned = of.outline.planned
    here = sum(site.country.name == country for site in of.sites)
    return [
        "F. Population of Trial Subjects",
        "F.1 Age Range",
        f"F.1.1 Trial has subjects under 18: {_says(least < 18)}",
        "F.1.1.1 In Utero: No",
        "F.1.1.2 Preterm newborn infants (up to gestational age < 37 weeks): No",
        f"F.1.1.3 Newborns (0-27 days): {_says(least == 0)}",
        f"F.1.1.4 Infants and toddlers (28 days-23 months): {_says(least < 2)}",
        f"F.1.1.5 Children (2-11years): {_says(least < 12 and most >= 2)}",
        f"F.1.1.6 Adolescents (12-17 years): {_says(least < 18 and most >= 12)}",
        f"F.1.2 Adults (18-64 years): {_says(least < 65 and most >= 18)}",
        f"F.1.3 Elderly (>=65 years): {_says(most >= 65)}",
        "F.2 Gender",
        f"F.2.1 Female: {_says(of.sex != 'MALE')}",
        f"F.2.2 Male: {_says(of.sex != 'FEMALE')}",
        "F.3 Group of trial subjects",
        "F.3.1 Healthy volunteers: No",
        "F.3.2 Patients: Yes",
        "F.3.3 Specific vulnerable populations: No",
        "F.4 Planned number of subjects to be included",
        f"F.4.1 In the member state: {max(1, planned * here // len(of.sites))}",
        "F.4.2 For a multinational trial",
        f"F.4.2.2 In the whole clinical trial: {planned}",
        "F.5 Plans for treatment or care after the subject has ended the participation in the trial (if it is different"
        " from the expected normal treatment of that condition): None",
    ]


def review(entered: int) -> list[str]:
    decided = date.fromordinal(entered + 40)
    return [
        "N. Review by the Competent Authority or Ethics Committee in the country concerned",
        "N. Competent Authority Decision: Authorised",
        f"N. Date of Competent Authority Decision: {decided}",
        "N. Ethics Committee Opinion of the trial application: Favourable",
        "N. Ethics Committee Opinion: Reason(s) for unfavourable opinion:",
        f"N. Date of Ethics Committee Opinion: {date.fromordinal(entered + 30)}",
    ]


def end(of: Truth, status: str) -> list[str]:
    lines = ["P. End of Trial", f"P. End of Trial Status: {status}"]
    if status in ("Completed", "Prematurely Ended"):
        lines.append(f"P. Date of the global end of the trial: {date.fromordinal(of.outline.done)}")
    return lines
