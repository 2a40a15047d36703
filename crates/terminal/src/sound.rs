//! The sounds for yes and no, so that nobody has to look: two rising tones, and one long low tone.

const RATE: u32 = 16_000;

/// Yes.
pub fn yes() -> Vec<u8> {
    wav(&[(880.0, 90), (1_320.0, 160)])
}

/// No.
pub fn no() -> Vec<u8> {
    wav(&[(220.0, 550)])
}

/// Tones of a frequency (hertz) and a length (milliseconds) as a WAV file: mono, 16 bits.
fn wav(tones: &[(f32, u32)]) -> Vec<u8> {
    let samples: Vec<u8> = tones
        .iter()
        .flat_map(|(hertz, ms)| {
            let count = RATE * ms / 1_000;
            (0..count).flat_map(move |n| sample(*hertz, n, count).to_le_bytes())
        })
        .collect();
    let length = u32::try_from(samples.len()).expect("a sound is short");
    let mut file = Vec::with_capacity(44 + samples.len());
    file.extend(b"RIFF");
    file.extend((36 + length).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16u32.to_le_bytes());
    // PCM, one channel.
    file.extend([1, 0, 1, 0]);
    file.extend(RATE.to_le_bytes());
    file.extend((RATE * 2).to_le_bytes());
    file.extend([2, 0, 16, 0]);
    file.extend(b"data");
    file.extend(length.to_le_bytes());
    file.extend(samples);
    file
}

/// Fades in and out over five milliseconds, so that nothing clicks.
fn sample(hertz: f32, n: u32, count: u32) -> i16 {
    let fade = (RATE / 200) as f32;
    let loudness = (n as f32 / fade).min((count - n) as f32 / fade).min(1.0);
    let wave = (std::f32::consts::TAU * hertz * n as f32 / RATE as f32).sin();
    (wave * loudness * 20_000.0) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_is_a_whole_wav_file_and_the_two_differ() {
        for sound in [yes(), no()] {
            assert_eq!((&sound[..4], &sound[8..12]), (&b"RIFF"[..], &b"WAVE"[..]));
            let length = u32::from_le_bytes(*sound[40..].first_chunk().expect("a length"));
            assert_eq!(sound.len(), 44 + length as usize);
            assert!(sound[44..].iter().any(|byte| *byte != 0), "it can be heard");
        }
        assert_ne!(yes(), no());
    }
}
