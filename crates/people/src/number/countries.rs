//! Country codes of travel documents: ISO 3166-1 alpha-3 and the additions of ICAO Doc 9303,
//! without the four codes of China, whose people have numbers of other kinds.

/// In one text, three letters each.
const CODES: &str = concat!(
    "ABWAFGAGOAIAALAALBANDAREARGARMASMATAATFATGAUSAUTAZEBDIBELBENBESBFABGDBGRBHRBHSBIHBLM",
    "BLRBLZBMUBOLBRABRBBRNBTNBVTBWACAFCANCCKCHECHLCIVCMRCODCOGCOKCOLCOMCPVCRICUBCUWCXR",
    "CYMCYPCZEDEUDJIDMADNKDOMDZAECUEGYERIESHESPESTETHFINFJIFLKFRAFROFSMGABGBRGEOGGYGHAGIB",
    "GINGLPGMBGNBGNQGRCGRDGRLGTMGUFGUMGUYHMDHNDHRVHTIHUNIDNIMNINDIOTIRLIRNIRQISLISRITA",
    "JAMJEYJORJPNKAZKENKGZKHMKIRKNAKORKWTLAOLBNLBRLBYLCALIELKALSOLTULUXLVAMAFMARMCOMDA",
    "MDGMDVMEXMHLMKDMLIMLTMMRMNEMNGMNPMOZMRTMSRMTQMUSMWIMYSMYTNAMNCLNERNFKNGANICNIUNLDNOR",
    "NPLNRUNZLOMNPAKPANPCNPERPHLPLWPNGPOLPRIPRKPRTPRYPSEPYFQATREUROURUSRWASAUSDNSENSGPSGS",
    "SHNSJMSLBSLESLVSMRSOMSPMSRBSSDSTPSURSVKSVNSWESWZSXMSYCSYRTCATCDTGOTHATJKTKLTKMTLSTONTTO",
    "TUNTURTUVTZAUGAUKRUMIURYUSAUZBVATVCTVENVGBVIRVNMVUTWLFWSMYEMZAFZMBZWE",
    "EUEGBDGBNGBOGBPGBSRKSUNAUNKUNOXXAXXBXXCXXX"
);

pub(super) fn is_known(code: &str) -> bool {
    let mut known = CODES.as_bytes().chunks_exact(3);
    known.any(|entry| entry == code.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_whole_triples_without_repeats() {
        let mut codes: Vec<_> = CODES.as_bytes().chunks(3).collect();
        assert_eq!(codes.len(), 245 + 14);
        assert!(codes.iter().all(|code| code.len() == 3));
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), 245 + 14);
    }

    #[test]
    fn a_code_is_matched_whole_and_not_across_two_entries() {
        assert!(is_known("ABW") && is_known("KOR") && is_known("XXA"));
        assert!(!is_known("BWA".get(..2).expect("two letters")));
        assert!(["CHN", "HKG", "MAC", "TWN"].iter().all(|code| !is_known(code)));
        assert!(!is_known("WAF") && !is_known("ZZZ") && !is_known(""));
    }
}
