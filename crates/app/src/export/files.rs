//! Where an export goes.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Standard output; or a file, and others beside it where a layout bounds how long one may be. A file has its name only
/// when all of it is written, so that nobody imports half of an export.
pub(crate) struct Files {
    path: Option<PathBuf>,
    head: String,
    writer: BufWriter<Box<dyn Write + Send>>,
    /// Of the files that are begun.
    begun: Vec<PathBuf>,
    rows: usize,
}

impl Files {
    /// # Errors
    /// The file can't be made.
    pub(crate) fn create(path: Option<&Path>, head: String) -> io::Result<Self> {
        let writer = BufWriter::new(Box::new(io::stdout()) as Box<dyn Write + Send>);
        let mut files = Self { path: path.map(Path::to_owned), head, writer, begun: Vec::new(), rows: 0 };
        files.begin()?;
        Ok(files)
    }

    /// Makes room for as many rows, in the next file where this one would get more than `rows_max`.
    ///
    /// # Errors
    /// It can't be written to; standard output has no next file.
    pub(crate) fn room_for(&mut self, rows: usize, rows_max: usize) -> io::Result<()> {
        if self.rows + rows > rows_max {
            if self.path.is_none() {
                let why = format!("this format takes {rows_max} lines a file: name a file with --out, or fewer days");
                return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
            }
            self.begin()?;
        }
        self.rows += rows;
        Ok(())
    }

    fn begin(&mut self) -> io::Result<()> {
        self.writer.flush()?;
        if let Some(path) = &self.path {
            let part = numbered(path, self.begun.len() + 1).with_added_extension("part");
            self.writer = BufWriter::new(Box::new(File::create(&part)?));
            self.begun.push(part);
        }
        self.rows = 0;
        self.writer.write_all(self.head.as_bytes())
    }

    /// Gives the files their names, and answers these: the one that was asked for, or `journal-1.csv`, `journal-2.csv`
    /// and so on beside it.
    ///
    /// # Errors
    /// What is left can't be written.
    pub(crate) fn finish(mut self) -> io::Result<Vec<PathBuf>> {
        self.writer.flush()?;
        let Some(path) = self.path.take() else { return Ok(Vec::new()) };
        let begun = std::mem::take(&mut self.begun);
        let is_one = begun.len() == 1;
        let mut finished = Vec::new();
        for (number, part) in (1..).zip(begun) {
            let name = if is_one { path.clone() } else { numbered(&path, number) };
            fs::rename(part, &name)?;
            finished.push(name);
        }
        Ok(finished)
    }
}

/// Appends to what is begun.
impl Write for Files {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        for part in &self.begun {
            drop(fs::remove_file(part));
        }
    }
}

/// `journal-2.csv` of `journal.csv`.
fn numbered(path: &Path, number: usize) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().map(|extension| format!(".{}", extension.to_string_lossy())).unwrap_or_default();
    path.with_file_name(format!("{stem}-{number}{extension}"))
}
