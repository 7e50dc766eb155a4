//! How a command ends.

use std::fmt;

use candle::Device;

/// A reason to end with an exit code of its own. Any other error ends with 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 2: the command line or a setting asks for something that does not exist.
    Usage(String),
    /// 3: the work is done, but some inputs failed.
    Partial(String),
    /// 130: interrupted by the user, after saving.
    Interrupted(String),
}

impl Exit {
    /// The process exit code.
    pub fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Partial(_) => 3,
            Self::Interrupted(_) => 130,
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Usage(text) | Self::Partial(text) | Self::Interrupted(text)) = self;
        f.write_str(text)
    }
}

impl std::error::Error for Exit {}

/// Does `work` for every item, going on after a failure, which goes to stderr.
///
/// # Errors
/// All items failed, or, as [`Exit::Partial`], some did.
pub fn for_each<T>(
    items: impl IntoIterator<Item = T>,
    mut work: impl FnMut(T) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (mut all, mut failed) = (0, 0);
    for item in items {
        all += 1;
        if let Err(error) = work(item) {
            // The reader of stdout has gone: nothing that follows would be seen either.
            if is_closed_pipe(&error) {
                return Err(error);
            }
            eprintln!("{error:#}");
            failed += 1;
        }
    }
    match failed {
        0 => Ok(()),
        _ if failed == all => anyhow::bail!("{failed} of {all} failed, so nothing was made"),
        _ => Err(Exit::Partial(format!("{failed} of {all} failed")).into()),
    }
}

/// Whether `error` says that nobody reads stdout any more.
pub(super) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<std::io::Error>();
    cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Where a model is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum DeviceChoice {
    /// The processor.
    Cpu,
    /// The first NVIDIA GPU; needs the cargo feature `cuda`.
    Cuda,
    /// The Apple GPU; needs the cargo feature `metal`.
    Metal,
}

impl DeviceChoice {
    /// Opens the device.
    ///
    /// # Errors
    /// The program was built without the feature, or the machine has no such device.
    pub fn open(self) -> anyhow::Result<Device> {
        let (name, built, device) = match self {
            Self::Cpu => return Ok(Device::Cpu),
            Self::Cuda => ("cuda", cfg!(feature = "cuda"), Device::new_cuda(0)),
            Self::Metal => ("metal", cfg!(feature = "metal"), Device::new_metal(0)),
        };
        if !built {
            let text =
                format!("this program was built without `{name}`; build it with --features {name}");
            return Err(Exit::Usage(text).into());
        }
        device.map_err(|error| anyhow::anyhow!("cannot open the {name} device: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(fails: &[bool]) -> u8 {
        let result = for_each(fails, |&fails| match fails {
            true => anyhow::bail!("no"),
            false => Ok(()),
        });
        match result {
            Ok(()) => 0,
            Err(error) => error.downcast_ref::<Exit>().map_or(1, Exit::code),
        }
    }

    #[test]
    fn some_failures_end_with_3_and_nothing_but_failures_with_1() {
        assert_eq!(code(&[false, false]), 0);
        assert_eq!(code(&[false, true]), 3);
        assert_eq!(code(&[true, true]), 1);
        assert_eq!(code(&[]), 0);
    }
}
