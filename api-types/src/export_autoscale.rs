//! How a workload is to be scaled in the cluster that it is exported to. One host has nothing to scale to, so here it is no more than
//! a note.

use std::str::FromStr;

/// What [`crate::annotation::EXPORT_AUTOSCALE`] says: `min=2 max=10 cpu=70% memory=80%`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExportAutoscale {
    /// The fewest replicas; the declared ones unless said otherwise.
    pub min: Option<u32>,
    /// The most replicas.
    pub max: u32,
    /// How much of the CPU that is asked for replicas are to use on average, in per cent.
    pub cpu: Option<u32>,
    /// The same of memory.
    pub memory: Option<u32>,
}

/// How it is written.
const FORM: &str = "write `min=2 max=10 cpu=70%`, or `memory=80%` as well or instead; `min` may be missing";

impl FromStr for ExportAutoscale {
    /// What is wrong, and how it is written.
    type Err = (String, &'static str);

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |what: String| (what, FORM);
        let mut scale = Self::default();
        for word in text.split_whitespace() {
            let unknown = || wrong(format!("`{word}` says nothing of scaling"));
            let (key, value) = word.split_once('=').ok_or_else(unknown)?;
            let number = |text: &str| text.parse().ok().filter(|number| *number > 0_u32).ok_or_else(unknown);
            let share = |text: &str| text.strip_suffix('%').ok_or_else(unknown).and_then(number);
            match key {
                "min" => scale.min = Some(number(value)?),
                "max" => scale.max = number(value)?,
                "cpu" => scale.cpu = Some(share(value)?),
                "memory" => scale.memory = Some(share(value)?),
                _ => return Err(unknown()),
            }
        }
        if scale.max == 0 {
            return Err(wrong("nothing says how many replicas there may be at most".to_owned()));
        }
        if scale.min.is_some_and(|min| min > scale.max) {
            return Err(wrong("there would be more replicas at least than at most".to_owned()));
        }
        if scale.cpu.is_none() && scale.memory.is_none() {
            return Err(wrong("nothing says by what to scale".to_owned()));
        }
        Ok(scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_is_written() {
        let scale = ExportAutoscale { min: Some(2), max: 10, cpu: Some(70), memory: None };
        assert_eq!("min=2 max=10 cpu=70%".parse(), Ok(scale));
        let scale = ExportAutoscale { min: None, max: 3, cpu: None, memory: Some(80) };
        assert_eq!(" memory=80%  max=3 ".parse(), Ok(scale));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = |text: &str| text.parse::<ExportAutoscale>().expect_err(text).0;
        assert_eq!(wrong("max=10 cpu=70"), "`cpu=70` says nothing of scaling");
        assert_eq!(wrong("max=0 cpu=70%"), "`max=0` says nothing of scaling");
        assert_eq!(wrong("max=10 requests=70%"), "`requests=70%` says nothing of scaling");
        assert_eq!(wrong("cpu=70%"), "nothing says how many replicas there may be at most");
        assert_eq!(wrong("max=10"), "nothing says by what to scale");
        assert_eq!(wrong("min=4 max=3 cpu=70%"), "there would be more replicas at least than at most");
    }
}
