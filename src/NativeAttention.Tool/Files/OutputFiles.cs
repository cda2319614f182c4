namespace NativeAttention.Tool.Files;

/// <summary>
/// Files that appear together and whole, or not at all. Each is written to a temporary in its own folder;
/// <see cref="Commit"/> renames them. Whatever was not committed is deleted by <see cref="Dispose"/>.
/// </summary>
internal sealed class OutputFiles : IDisposable
{
    private readonly List<StagedFile> _staged = [];
    private bool _committed;

    /// <summary>Writes one file to its temporary.</summary>
    /// <param name="target">Full path the file will have.</param>
    /// <param name="write">Writes the content.</param>
    public void Stage(string target, Action<Stream> write)
    {
        StagedFile file = new(target);
        _staged.Add(file);
        using FileStream stream = new(file.Temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        write(stream);
        // Without this a power cut after the rename could leave a file of the right name and no content.
        stream.Flush(flushToDisk: true);
    }

    /// <summary>
    /// Renames every temporary to its target; when one fails, the earlier ones are taken back.
    /// </summary>
    public void Commit()
    {
        int done = 0;
        try
        {
            for (; done < _staged.Count; done++)
            {
                // The last rename is atomic by itself: only earlier ones may have to be taken back.
                _staged[done].Replace(keepOld: done + 1 < _staged.Count);
            }

            _committed = true;
        }
        finally
        {
            for (int i = 0; i < _staged.Count && !_committed && i <= done; i++)
            {
                _staged[i].Restore();
            }
        }
    }

    /// <summary>Deletes every temporary that is left.</summary>
    public void Dispose()
    {
        foreach (StagedFile file in _staged)
        {
            file.Clean(_committed);
        }
    }

    private sealed class StagedFile
    {
        private readonly string _target;
        private readonly string _old;
        private bool _kept;
        private bool _replaced;

        public StagedFile(string target)
        {
            _target = target;
            // Not made from the target's name, which may already be as long as names can be.
            string stem = Path.Combine(Path.GetDirectoryName(target)!, $".nattn-{Guid.NewGuid():N}");
            Temporary = stem + ".tmp";
            _old = stem + ".old";
        }

        public string Temporary { get; }

        public void Replace(bool keepOld)
        {
            if (keepOld && File.Exists(_target))
            {
                File.Move(_target, _old);
                _kept = true;
            }

            File.Move(Temporary, _target, overwrite: true);
            _replaced = true;
        }

        public void Restore()
        {
            if (_kept)
            {
                File.Move(_old, _target, overwrite: true);
                _kept = false;
            }
            else if (_replaced)
            {
                File.Delete(_target);
            }
        }

        public void Clean(bool committed)
        {
            Delete(Temporary);
            if (committed && _kept)
            {
                Delete(_old);
            }
        }

        // Cleaning up must not hide the failure that led to it; a temporary that cannot be deleted is left.
        private static void Delete(string path)
        {
            try
            {
                File.Delete(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
            }
        }
    }
}
