"""How rare words are in records of trials: ln(all records / those that have the word). No I/O.

Counted in titles, conditions, interventions and the first 1,000 letters of summaries of 4,513 records of
ClinicalTrials.gov, in steps of a half. Fixed, so that vectors of today and of next year can be compared. A word that
is not here stands in less than one of a hundred records.
"""

from collections.abc import Mapping
from types import MappingProxyType

RAREST = 7.0
_BANDS = {
    0.25: ("and in of the to"),
    0.5: ("is patient study this with"),
    1.0: ("cell drug effectiveness for from have may or phase purpose treatment trial who"),
    1.5: (
        "an are as be by cancer chemotherapy determine different disease effect evaluate ii more on rationale safety "
        "stop that therapy they treating tumor use used way will"
    ),
    2.0: (
        "at blood can clinical combination compare die dividing dose effective efficacy growing has hiv infection it "
        "kill not one randomized so than"
    ),
    2.5: (
        "adult advanced after also anti assess been body cardiovascular children chronic combining disorder during "
        "factor heart high how hydrochloride if iii immune infected known level lung metastatic non objective other "
        "participant placebo plus primary radiation related response risk specific stage studie subject such surgery "
        "syndrome system test these two using well whether which without year"
    ),
    3.0: (
        "about activity acute age aid aim all allergic allergy alone associated based between bone both brain breast "
        "but cause change compared control controlled cyclophosphamide damage data day development double either "
        "evaluation examine first followed following function given group growth health healthy help however human "
        "improve including individual intervention into investigate iv leukemia life long low lymphoma medical month "
        "most new no normal open oral outcome peripheral pharmacokinetic population prevent protocol provide rate ray "
        "receive recurrent refractory regimen research result see severe side single small solid standard stem "
        "symptom term their therapeutic there time tissue transplantation treated type up versus was week were when "
        "women work yet"
    ),
    3.5: (
        "ability addition administered administration affect against agent allow among analysis antibodie antibody "
        "any arm assessment asthma azt because before being benefit better blind called carboplatin care center "
        "central cisplatin combined common comparison condition conventional coronary current daily designed develop "
        "diabete diagnosed doctor doxorubicin due each early eligible energy enrolled etoposide examination "
        "filgrastim follow food gene genetic give giving goal higher history hormone hypertension identify ige "
        "imaging immunotherapy include increase increased information inhibitor injection investigator its label "
        "laboratory less make many marrow measure medication method multiple neoplasm nervous number only order "
        "ovarian over paclitaxel pain part people period person physical pilot plasma positive potential prevention "
        "previous previously problem procedure program progression prospective protein quality receiving recombinant "
        "reduce researcher role safe sample secondary shown skin some studying substance sulfate them therapie those "
        "three through tolerability tolerance total toxicity treat unspecified vaccine virus volunteer we while white "
        "zidovudine"
    ),
    4.0: (
        "able acid active additional adjuvant adverse allergen allogeneic although amount antigen antiviral "
        "approximately area atopic autologous available become behavior best biological biomarker calcium candidate "
        "carcinoma caused cd4 certain cervical characteristic childhood cluster cognitive cohort colorectal comparing "
        "complete complex complication conducted could count course currently cytarabine death decrease defined "
        "deliver depression design developed developing diagnosis diagnostic diet difference disc do donor escalation "
        "establish evaluated evaluating event every evidence exercise exposure eye failure family feasibility find "
        "flow fluorouracil form found four frequency functional further gemcitabine had harming head headache hiv-1 "
        "hodgkin hospital hypothesis immunodeficiency immunogenicity impact important incidence increasing induced "
        "infant inflammation inflammatory infusion insulin interferon intravenous kidney killing large lead learn "
        "least leucovorin like limited liver locally locate look loss lower lymphocyte magnetic main maintenance "
        "major malignant management marker maximum measured measurement mechanism mediated melanoma mellitus "
        "methotrexate mg moderate monoclonal mortality mri multi multicenter myelodysplastic myeloid myeloma "
        "myocardial national natural neck need negative newly nsclc occur often older opioid our out parameter "
        "pediatric per performed possible post preliminary present pressure prevalence preventing prior produce "
        "profile prostate pulmonary reaction received receptor reducing reduction relapsed relationship removed "
        "resistance respiratory responded rhinitis sarcoma scan screening second serum several severity short "
        "significant site sodium state status stimulate stopping studied subcutaneous suggest surgical survival "
        "systemic take taken taking technique testing then therefore together tolerated transplant under undergo "
        "undergoing various very vincristine viral visit vs weight what would"
    ),
    4.5: (
        "abnormal abnormalitie according acquired adolescent aldesleukin alfa allergie american anemia another "
        "antiretroviral approach approved artery assessed assigned association atherosclerosis attack back baseline "
        "basis behavioral beneficial biopsy blinded build cannot cardiac case causing characterize characterized "
        "chest clinic collect collected collection commonly component concentration containing continue cost csf ct "
        "cycle cyclosporine cytomegalovirus demonstrated dependence dependent dermatitis despite detect device "
        "dexamethasone didanosine dietary digital dna docetaxel doe done dosing duration education end estrogen "
        "experience experimental explore expression fat fight finding free future gamma gastric general good grade "
        "graft greater hematologic hour immunoglobulin improvement improving induction infarction influence initial "
        "interleukin-2 invasive involve involved irinotecan ischemia lamivudine last leading line lipid load local "
        "lumbar made medicine melphalan men mesylate metabolism might model monitoring morbidity muscle mutation "
        "nasal needed novel obesity observational obtain obtained old omalizumab once onset option organ overall "
        "pancreatic participate pattern pd peptide percent persistent pk plan poor pre predict prednisone pregnancy "
        "process produced product production progressive project question questionnaire randomly recent recently "
        "recurrence reduced relapse relative remain remission renal replace replacement resistant resonance respond "
        "responsible routine same score screened selected self sensitive serious setting show since sleep spinal "
        "stavudine still stimulating support tablet target tested try tube understand understanding united "
        "unresectable untreated urine usually vascular vitro where within world young"
    ),
}
COMMON: Mapping[str, float] = MappingProxyType(
    {word: rarity for rarity, words in _BANDS.items() for word in words.split()}
)
