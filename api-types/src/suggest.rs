//! Which word was probably meant.

/// The candidate nearest to a word, where one is near enough to be a slip: at most a third of its letters differ.
///
/// Case alone never counts, in part it counts half a letter; a swap of neighbours counts one. Ties go to the first candidate.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (word.chars().count() * 2).div_ceil(3).max(2);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let distance = if word.eq_ignore_ascii_case(candidate) { 1 } else { half_steps(word, candidate) };
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The optimal string alignment distance in half steps: 2 for a letter added, left out, changed or swapped, 1 for its case.
fn half_steps(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let width = right.len() + 1;
    let mut before_last: Vec<usize> = vec![0; width];
    let mut last: Vec<usize> = (0..width).map(|column| column * 2).collect();
    for (row, &a) in left.iter().enumerate() {
        let mut current = Vec::with_capacity(width);
        current.push((row + 1) * 2);
        for (column, &b) in right.iter().enumerate() {
            let get = |cells: &[usize], index: usize| cells.get(index).copied().unwrap_or(usize::MAX / 2);
            let mut cost = (get(&last, column) + change(a, b)).min(get(&last, column + 1) + 2);
            cost = cost.min(get(&current, column) + 2);
            let swapped = row > 0 && column > 0 && left.get(row - 1) == Some(&b) && right.get(column - 1) == Some(&a);
            if swapped && a != b {
                cost = cost.min(get(&before_last, column - 1) + 2);
            }
            current.push(cost);
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last.last().copied().unwrap_or_default()
}

const fn change(a: char, b: char) -> usize {
    if a == b {
        0
    } else if a.eq_ignore_ascii_case(&b) {
        1
    } else {
        2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_a_stranger_finds_none() {
        let words = ["replicas", "env", "envFrom", "ports", "healthCheck", "dependsOn"];
        let found = ["replicaz", "relpicas", "envs", "healthcheck", "port", "dependson", "zebra", "x", ""]
            .map(|word| nearest(word, words));
        assert_eq!(
            found,
            [
                Some("replicas"),
                Some("replicas"),
                Some("env"),
                Some("healthCheck"),
                Some("ports"),
                Some("dependsOn"),
                None,
                None,
                None
            ]
        );
    }
}
