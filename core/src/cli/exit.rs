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
