using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Letters;

/// <summary>
/// The database. <see cref="Acts"/> is append-only and, with <see cref="Checkpoints"/>, the truth about letters; everything that a letter is
/// follows from it. The other tables hold what is not in the ledger: signatures still gathering, salts (erase one and the person behind it is
/// erased), and which number or status place is taken.
/// </summary>
public sealed class Records(DbContextOptions<Records> options) : DbContext(options)
{
    /// <summary>
    /// Raised when the tables change in a way that older programs cannot read. 3: acts are indexed by their subject's first act, versions by their
    /// act, letters by reference, in pages of 2 KiB; what was found in a version is kept in full.
    /// </summary>
    public const int Version = 3;

    public DbSet<ActRow> Acts => Set<ActRow>();
    public DbSet<SubjectRow> Subjects => Set<SubjectRow>();
    public DbSet<CheckpointRow> Checkpoints => Set<CheckpointRow>();
    public DbSet<PendingRow> Pending => Set<PendingRow>();
    public DbSet<PendingApprovalRow> PendingApprovals => Set<PendingApprovalRow>();
    public DbSet<PolicyRow> Policies => Set<PolicyRow>();
    public DbSet<SaltRow> Salts => Set<SaltRow>();
    public DbSet<PersonRow> People => Set<PersonRow>();
    public DbSet<LetterRow> Letters => Set<LetterRow>();
    public DbSet<VersionRow> Versions => Set<VersionRow>();
    public DbSet<FindingsRow> Findings => Set<FindingsRow>();
    public DbSet<StatusRow> StatusPlaces => Set<StatusRow>();
    public DbSet<SettingRow> Settings => Set<SettingRow>();

    /// <summary>
    /// Opens the database of a home. Commits are on the disk when they return (WAL, synchronous = FULL). Two processes may have it open; a writer
    /// waits up to 20 seconds for the other.
    ///
    /// Digests fall on pages at random, so a commit is nearly as many pages as acts: pages are small (2 KiB), and SQLite's log is folded into the
    /// file every 16 MiB, when most of its pages have been written more than once.
    /// </summary>
    public static Records Open(string path, bool create)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = create ? SqliteOpenMode.ReadWriteCreate : SqliteOpenMode.ReadWrite,
            DefaultTimeout = 20,
            Pooling = false,
            ForeignKeys = true,
        }.ToString());
        try
        {
            connection.Open();
            using var pragma = connection.CreateCommand();
            pragma.CommandText = (create ? "PRAGMA page_size=2048; " : "") + Pragmas;
            pragma.ExecuteNonQuery();
            return new Records(new DbContextOptionsBuilder<Records>()
                .UseSqlite(connection, o => o.CommandTimeout(30))
                .UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking).Options)
            { _connection = connection };
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>How every connection is set.</summary>
    public const string Pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=20000; PRAGMA fullfsync=1; PRAGMA wal_autocheckpoint=8192;";

    /// <summary>The acts about a letter, or about the roster, in order. Compiled: the ledger asks it for letters that it has not at hand.</summary>
    public static readonly Func<Records, string, IEnumerable<ActRow>> ActsAbout = EF.CompileQuery(
        (Records records, string subject) => records.Subjects.Where(s => s.Subject == subject).Join(records.Acts, s => s.First, a => a.First, (s, a) => a)
            .OrderBy(a => a.Index).AsQueryable());

    /// <summary>The drafts of other letters than this one with a fair copy. Compiled, as above.</summary>
    public static readonly Func<Records, string, string, IEnumerable<ActRow>> DraftsOfOthers = EF.CompileQuery(
        (Records records, string fairCopy, string letter) => records.Versions.Where(v => v.FairCopy == fairCopy && v.Letter != letter)
            .Join(records.Acts, v => v.Index, a => a.Index, (v, a) => a).AsQueryable());

    /// <summary>Whether any draft act names a file by this digest. Acts are canonical JSON, so a digest in one stands between quotation marks.</summary>
    public bool HasDraftNaming(Proof.Digest digest)
    {
        var quoted = $"%\"{digest}\"%";
        return Acts.FromSql($"SELECT * FROM acts WHERE Kind = 'draft' AND CAST(Bytes AS TEXT) LIKE {quoted}").Any();
    }

    private SqliteConnection? _connection;

    /// <summary>The connection under the context, for what EF does not say: immediate transactions, integrity checks, online backup.</summary>
    public SqliteConnection Connection => _connection!;

    public override void Dispose()
    {
        base.Dispose();
        _connection?.Dispose();
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        // Digests that have an index are kept as their 32 bytes: half the pages that every commit writes.
        modelBuilder.Entity<ActRow>(e =>
        {
            e.Property(a => a.Digest).HasConversion(hex => Convert.FromHexString(hex), bytes => Convert.ToHexStringLower(bytes));
            e.ToTable("acts").HasKey(a => a.Index);
            e.Property(a => a.Index).ValueGeneratedNever();
            e.HasIndex(a => a.Digest).IsUnique();
            // By the subject's first act, not its name: new acts are mostly about letters of these days, so the index grows at its edge.
            e.HasIndex(a => new { a.First, a.Sequence }).IsUnique();
        });
        modelBuilder.Entity<SubjectRow>(e => e.ToTable("subjects").HasKey(s => s.Subject));
        modelBuilder.Entity<CheckpointRow>(e =>
        {
            e.ToTable("checkpoints").HasKey(c => c.Size);
            e.Property(c => c.Size).ValueGeneratedNever();
        });
        modelBuilder.Entity<PendingRow>(e =>
        {
            e.Property(p => p.Digest).HasConversion(hex => Convert.FromHexString(hex), bytes => Convert.ToHexStringLower(bytes));
            e.ToTable("pending").HasKey(p => p.Digest);
            e.HasIndex(p => p.Subject);
        });
        modelBuilder.Entity<PendingApprovalRow>(e =>
        {
            e.Property(p => p.Digest).HasConversion(hex => Convert.FromHexString(hex), bytes => Convert.ToHexStringLower(bytes));
            e.ToTable("pending_approvals").HasKey(p => new { p.Digest, p.Person });
        });
        modelBuilder.Entity<PolicyRow>(e => e.ToTable("policies").HasKey(p => p.Digest));
        modelBuilder.Entity<SaltRow>(e => e.ToTable("salts").HasKey(s => s.Digest));
        modelBuilder.Entity<PersonRow>(e => e.ToTable("people").HasKey(p => p.Id));
        modelBuilder.Entity<LetterRow>(e => e.ToTable("letters").HasKey(l => l.Reference));
        modelBuilder.Entity<VersionRow>(e =>
        {
            e.Property(v => v.FairCopy).HasConversion(hex => Convert.FromHexString(hex), bytes => Convert.ToHexStringLower(bytes));
            e.ToTable("versions").HasKey(v => v.Index);
            e.Property(v => v.Index).ValueGeneratedNever();
            e.HasIndex(v => v.FairCopy);
        });
        modelBuilder.Entity<FindingsRow>(e =>
        {
            e.Property(f => f.Draft).HasConversion(hex => Convert.FromHexString(hex), bytes => Convert.ToHexStringLower(bytes));
            e.ToTable("findings").HasKey(f => f.Draft);
        });
        modelBuilder.Entity<StatusRow>(e =>
        {
            e.ToTable("status_places").HasKey(s => s.Place);
            e.Property(s => s.Place).ValueGeneratedNever();
            e.HasIndex(s => s.Letter).IsUnique();
        });
        modelBuilder.Entity<SettingRow>(e => e.ToTable("settings").HasKey(s => s.Name));
    }
}

/// <summary>An act in the ledger, by its index. Never changed, never deleted.</summary>
public sealed class ActRow
{
    public long Index { get; set; }
    public required string Digest { get; set; }

    /// <summary>The letter's id, or <c>roster</c>.</summary>
    public required string Subject { get; set; }

    /// <summary>The index of the subject's first act.</summary>
    public long First { get; set; }

    /// <summary>The act's place among those of its subject, from 0: two appends that saw the same state cannot both be.</summary>
    public long Sequence { get; set; }
    public required string Kind { get; set; }
    public required byte[] Bytes { get; set; }
    public required byte[] Approvals { get; set; }
    public required byte[] Statement { get; set; }
}

/// <summary>Where the acts about a letter, or about the roster, begin.</summary>
public sealed class SubjectRow
{
    public required string Subject { get; set; }

    /// <summary>The index of the first act about it.</summary>
    public long First { get; set; }
}

/// <summary>A signed checkpoint, by its size: the newest is the ledger's head.</summary>
public sealed class CheckpointRow
{
    public long Size { get; set; }
    public required string Root { get; set; }
    public required string Note { get; set; }
}

/// <summary>An act that still gathers signatures.</summary>
public sealed class PendingRow
{
    public required string Digest { get; set; }
    public required string Subject { get; set; }
    public required string Kind { get; set; }
    public required byte[] Bytes { get; set; }
}

/// <summary>A signature on a pending act. On the disk before its signer is answered.</summary>
public sealed class PendingApprovalRow
{
    public required string Digest { get; set; }
    public required string Person { get; set; }
    public required byte[] Evidence { get; set; }
}

/// <summary>A policy by its digest.</summary>
public sealed class PolicyRow
{
    public required string Digest { get; set; }
    public required byte[] Bytes { get; set; }
}

/// <summary>What a salted digest in an act stands for.</summary>
public sealed class SaltRow
{
    public required string Digest { get; set; }
    public required string Label { get; set; }
    public required byte[] Salt { get; set; }
    public required string Value { get; set; }
}

/// <summary>A person's name and address, for <c>--as</c> and for messages.</summary>
public sealed class PersonRow
{
    public required string Id { get; set; }
    public required string Name { get; set; }
    public string? Email { get; set; }
}

/// <summary>Which reference is whose. A reference is never used again.</summary>
public sealed class LetterRow
{
    public required string Id { get; set; }
    public required string Reference { get; set; }
}

/// <summary>What a version's draft act does not say in clear.</summary>
public sealed class VersionRow
{
    /// <summary>The draft act's index.</summary>
    public long Index { get; set; }
    public required string Letter { get; set; }
    public required string FairCopy { get; set; }
    public required string FileName { get; set; }
}

/// <summary>What was found in a version, in full: its act names the ids alone. JSON, for people to read.</summary>
public sealed class FindingsRow
{
    public required string Draft { get; set; }
    public required string Json { get; set; }
}

/// <summary>A letter's place in the status list: random, so that a place tells nothing of when or how many.</summary>
public sealed class StatusRow
{
    public long Place { get; set; }
    public required string Letter { get; set; }
}

/// <summary>A setting of the house.</summary>
public sealed class SettingRow
{
    public required string Name { get; set; }
    public required string Value { get; set; }
}
