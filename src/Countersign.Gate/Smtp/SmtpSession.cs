using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Text;

namespace Countersign.Gate.Smtp;

/// <summary>
/// One client's session. The gate stands in lock-step between client and next hop: it passes the envelope on as it comes, reads the message, has it judged,
/// passes it byte for byte, and gives the next hop's answer. It never says 250 to a message before the next hop did, so it owns none and can lose none.
/// <list type="number">
/// <item>EHLO offers what the next hop offers, and nothing else of it.</item>
/// <item>MAIL waits for the first RCPT and goes to the next hop with it, in one write; a sender that the next hop refuses is refused there.</item>
/// <item>RCPTs that have arrived together go together. Each gets the next hop's answer.</item>
/// <item>DATA is said to the next hop when the client says it; its answer is read once the message is whole and judged.</item>
/// <item>What is refused never reaches the next hop: that connection is dropped in the middle of DATA, before any byte of the message.</item>
/// <item>What passes goes as it came, and the client gets the next hop's answer. If the next hop was lost before a byte went, once more by a new connection.</item>
/// </list>
/// </summary>
internal sealed class SmtpSession(SmtpGate gate, Wire client, IPAddress address) : IDisposable
{
    private const int MostXForward = 512;

    private const int MostTogether = 100;

    /// <summary>The most bytes of a message that are read at once.</summary>
    private const int MostAtATime = 65_536;

    /// <summary>A recipient as the next hop is asked about it; or what was said about it here.</summary>
    private readonly record struct Recipient(byte[] Command, string Address, SmtpReply? Said);

    private readonly string _address = (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
    private readonly List<Recipient> _taken = [];
    private readonly List<Recipient> _batch = [];
    private readonly List<byte[]> _xforward = [];
    private GateSettings _settings = gate.Settings;
    private SmtpState _state = SmtpState.Connected;
    private HopExtensions _offered = new();
    private HopConnection? _hop;
    private Body? _chunks;
    private EndOfData _end, _chunkEnds;
    private byte[] _mail = [];
    private bool _mailSent, _hopIsDedicated, _refusedChunk, _over, _extended;
    private string _sender = "", _helo = "", _clientName = "", _clientAddress = "", _forwardedAddress = "";
    private int _errors, _idle;

    /// <summary>Whether a message is under way: a gate that closes waits for it.</summary>
    public bool IsBusy => _state >= SmtpState.Sender;

    /// <summary>Serves until the client has ended, or is ended.</summary>
    public async Task Run()
    {
        Idle();
        Answer(SmtpReply.Of(220, $"{_settings.Name} ESMTP Countersign"));
        while (!_over)
        {
            if (!client.TryLine(SmtpCommand.MostLine, out var line, out var tooLong))
            {
                if (tooLong)
                {
                    await SkipLongLine();
                    continue;
                }
                if (!await client.Flush())
                    return;
                if (gate.IsClosing && !IsBusy)
                {
                    await End(Says.Closing);
                    return;
                }
                Idle();
                if (await client.Fill())
                    continue;
                if (client.IsLate)
                    await End(gate.IsClosing ? Says.Closing : Says.TimedOut);
                return;
            }
            if (tooLong)
                Mistake(Says.LineTooLong);
            else
                await Command(line);
            if (_errors > _settings.Limits.Errors || _idle > _settings.Limits.IdleCommands)
            {
                await End(Says.TooManyErrors);
                return;
            }
        }
    }

    /// <summary>Gives up what it holds. The next hop, where one was told of a message, forgets it.</summary>
    public void Dispose()
    {
        DropHop();
        _chunks?.Dispose();
    }

    private void Idle() => client.Within(_settings.Limits.IdleSeconds * 1000);

    private void Answer(SmtpReply reply) => client.Put(reply.Wire.Span);

    private void Mistake(SmtpReply reply)
    {
        _errors++;
        Answer(reply);
    }

    private async Task End(SmtpReply reply)
    {
        _over = true;
        client.Within(5_000);
        Answer(reply);
        await client.Flush();
    }

    private async ValueTask SkipLongLine()
    {
        Mistake(Says.LineTooLong);
        // The rest of a line without end is read and thrown away; whoever sends megabytes of it is no mail server.
        for (var pieces = 0; !client.SkipLine(); pieces++)
            if (pieces > 256 || !await client.Flush() || !await client.Fill())
            {
                _over = true;
                return;
            }
    }

    private ValueTask Command(ReadOnlyMemory<byte> whole)
    {
        var line = whole.Span;
        line = line.Length >= 2 && line[^2] == '\r' ? line[..^2] : line[..^1];
        if (whole.Length < 2 || whole.Span[^2] != '\r' || line.IndexOfAny((byte)'\r', (byte)0) >= 0)
        {
            // A line feed alone ends no command: what reads it as one, and what does not, would disagree about what follows.
            Mistake(Says.BareLine);
            return default;
        }
        var verb = SmtpCommand.Verb(line, out var arguments);
        switch (SmtpStates.Step(verb, _state))
        {
            case SmtpStep.Greet:
                return Greet(SmtpCommand.Utf8(arguments), verb == SmtpVerb.Ehlo);
            case SmtpStep.Mail:
                Mail(arguments);
                return default;
            case SmtpStep.Rcpt:
                return Rcpt(arguments);
            case SmtpStep.Data when arguments.Length > 0:
                Mistake(Says.Syntax);
                return default;
            case SmtpStep.Data:
                return Data();
            case SmtpStep.Bdat:
                return Bdat(SmtpCommand.Utf8(arguments));
            case SmtpStep.Reset when arguments.Length > 0:
                Mistake(Says.Syntax);
                return default;
            case SmtpStep.Reset:
                _idle++;
                Answer(Says.Ok);
                return Reset();
            case SmtpStep.Noop:
                _idle++;
                Answer(Says.Ok);
                return default;
            case SmtpStep.Vrfy:
                _idle++;
                Answer(arguments.Length == 0 ? Says.Syntax : Says.CannotVerify);
                return default;
            case SmtpStep.Quit when arguments.Length > 0:
                Mistake(Says.Syntax);
                return default;
            case SmtpStep.Quit:
                return new ValueTask(End(Says.Bye));
            case SmtpStep.StartTls:
                return StartTls(arguments.Length);
            case SmtpStep.XForward:
                XForward(line, arguments);
                return default;
            case SmtpStep.XClient:
                return XClient(line.ToArray(), SmtpCommand.Utf8(arguments));
            case SmtpStep.Nobody:
                Mistake(Says.NoRecipients);
                return default;
            case SmtpStep.NotHere:
                Mistake(Says.NotHere);
                return default;
            case SmtpStep.Unknown:
                Mistake(Says.Unknown);
                return default;
            default:
                Mistake(Says.Order);
                return default;
        }
    }

    // :: Step 1
    private async ValueTask Greet(string name, bool extended)
    {
        // Machines of people give names with blanks and letters of their own (RFC 5321 §4.1.4: nobody is refused for what stands there).
        if (name.Length is 0 or > 255 || name.Any(char.IsControl))
        {
            Mistake(Says.Syntax);
            return;
        }
        _idle++;
        await Reset();
        _settings = gate.Settings;
        var offered = gate.Relay.Offered;
        if (offered is null)
        {
            if (await gate.Relay.Take() is not { } hop)
            {
                await End(Says.NoNextHop);
                return;
            }
            gate.Relay.Return(hop);
            offered = gate.Relay.Offered ?? hop.Extensions;
        }
        _offered = extended ? offered : new HopExtensions();
        (_helo, _extended, _state) = (name, extended, SmtpState.Greeted);
        if (!extended)
        {
            Answer(SmtpReply.Of(250, _settings.Name));
            return;
        }
        var lines = new List<string> { _settings.Name };
        if (_offered.Pipelining)
            lines.Add("PIPELINING");
        if (_offered.HasSize)
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"SIZE {MostBytes}"));
        if (_offered.EightBitMime)
            lines.Add("8BITMIME");
        if (_offered.SmtpUtf8)
            lines.Add("SMTPUTF8");
        if (_offered.Chunking)
            lines.Add("CHUNKING");
        if (_offered.Dsn)
            lines.Add("DSN");
        if (_settings.Certificate is not null && !client.IsTls)
            lines.Add("STARTTLS");
        if (_settings.Trusts(address) && _offered.XForward.Length > 0)
            lines.Add("XFORWARD " + _offered.XForward);
        if (_settings.Trusts(address) && _offered.XClient.Length > 0)
            lines.Add("XCLIENT " + _offered.XClient);
        if (_offered.EnhancedStatusCodes)
            lines.Add("ENHANCEDSTATUSCODES");
        Answer(SmtpReply.Of(250, [.. lines]));
    }

    private long MostBytes => _offered.Size > 0 ? Math.Min(_offered.Size, _settings.Limits.MessageBytes) : _settings.Limits.MessageBytes;

    // :: Step 2
    private void Mail(ReadOnlySpan<byte> arguments)
    {
        if (_settings.RequireTls && !client.IsTls)
            Mistake(Says.NeedsTls);
        else if (!SmtpCommand.TryPath(arguments, "FROM"u8, out var path, out var sender, out var parameters))
            Mistake(Says.SenderSyntax);
        else if (Fault(parameters) is { } fault)
            Mistake(fault);
        else
        {
            (_sender, _mailSent, _state, _idle) = (sender, false, SmtpState.Sender, 0);
            _settings = gate.Settings;
            _mail = Line("MAIL FROM:", path, Passed(parameters));
            Answer(Says.SenderOk);
        }
    }

    /// <summary>What is wrong with the parameters of MAIL: what the next hop does not offer is not passed on.</summary>
    private SmtpReply? Fault(string parameters)
    {
        foreach (var parameter in parameters.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = parameter.IndexOf('=');
            var (name, value) = equals < 0 ? (parameter, "") : (parameter[..equals], parameter[(equals + 1)..]);
            switch (name.ToUpperInvariant())
            {
                case "SIZE" when _offered.HasSize:
                    if (!long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var size))
                        return Says.Syntax;
                    if (size > MostBytes)
                        return Says.TooLarge;
                    break;
                case "BODY" when _offered.EightBitMime && value.ToUpperInvariant() is "7BIT" or "8BITMIME":
                    break;
                case "SMTPUTF8" when _offered.SmtpUtf8 && equals < 0:
                    break;
                case "RET" or "ENVID" when _offered.Dsn && value.Length > 0:
                    break;
                case "AUTH" when value.Length > 0:
                    break;
                default:
                    return Says.Parameter;
            }
        }
        return null;
    }

    /// <summary>
    /// What of the parameters goes on: all but AUTH (RFC 4954 §5). A server before us that offers AUTH gets it from its clients, and passes MAIL on as it came; the next hop, to which we do
    /// not authenticate ourselves, is told nothing of it.
    /// </summary>
    private static string Passed(string parameters) =>
        parameters.Contains("AUTH=", StringComparison.OrdinalIgnoreCase)
            ? string.Join(' ', parameters.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(p => !p.StartsWith("AUTH=", StringComparison.OrdinalIgnoreCase)))
            : parameters;

    private static byte[] Line(string command, byte[] path, string parameters) =>
        [.. Encoding.ASCII.GetBytes(command), .. path, .. Encoding.UTF8.GetBytes(parameters.Length > 0 ? " " + parameters : ""), (byte)'\r', (byte)'\n'];

    // :: Step 3
    private ValueTask Rcpt(ReadOnlySpan<byte> arguments)
    {
        _batch.Clear();
        _idle = 0;
        Read(arguments);
        // Only what has arrived whole: a line without end is told so as any other command is.
        while (_batch.Count < MostTogether && client.Arrived.Length >= 5 && SmtpCommand.Is(client.Arrived[..4], "RCPT"u8) && client.Arrived[4] == ' '
            && client.Arrived.IndexOf((byte)'\n') is >= 0 and < SmtpCommand.MostLine && client.TryLine(SmtpCommand.MostLine, out var more, out _))
        {
            var line = more.Span;
            if (line[^2] != '\r' || line[..^2].IndexOfAny((byte)'\r', (byte)0) >= 0)
                _batch.Add(new Recipient([], "", Says.BareLine));
            else
                Read(SmtpCommand.Trim(line[4..^2]));
        }
        return Pass();
    }

    private void Read(ReadOnlySpan<byte> arguments)
    {
        if (!SmtpCommand.TryPath(arguments, "TO"u8, out var path, out var recipient, out var parameters) || recipient.Length == 0)
            _batch.Add(new Recipient([], "", Says.AddressSyntax));
        else if (parameters.Split(' ', StringSplitOptions.RemoveEmptyEntries).Any(p => !_offered.Dsn
            || !p.StartsWith("NOTIFY=", StringComparison.OrdinalIgnoreCase) && !p.StartsWith("ORCPT=", StringComparison.OrdinalIgnoreCase)))
            _batch.Add(new Recipient([], "", Says.Parameter));
        else if (_taken.Count + _batch.Count >= _settings.Limits.Recipients)
            _batch.Add(new Recipient([], "", Says.TooManyRecipients));
        else
            _batch.Add(new Recipient(Line("RCPT TO:", path, parameters), recipient, null));
    }

    private async ValueTask Pass()
    {
        var replies = new SmtpReply[_batch.Count];
        for (var tries = 0; ; tries++)
        {
            var stale = _hop is null or { IsUsed: true } && _taken.Count == 0 && !_mailSent;
            if (await Transaction(fresh: tries > 0) is { } fault)
            {
                Array.Fill(replies, fault);
                break;
            }
            if (await Pass(replies) is not { } failed)
                break;
            DropHop();
            Array.Fill(replies, failed);
            if (!stale || tries > 0 || _hopIsDedicated)
                break;
        }
        for (var i = 0; i < _batch.Count; i++)
        {
            var reply = _batch[i].Said ?? replies[i];
            if (_batch[i].Said is null && reply.IsPositive)
            {
                _taken.Add(_batch[i]);
                _state = SmtpState.Recipients;
            }
            else
                _errors++;
            Answer(reply);
        }
    }

    /// <summary>Asks the next hop about a sender, if it was not asked yet, and a batch of recipients. What it says when the connection was lost; else null.</summary>
    private async ValueTask<SmtpReply?> Pass(SmtpReply[] replies)
    {
        var wire = _hop!.Wire;
        var together = _hop.Extensions.Pipelining;
        SmtpReply? refused = null;
        wire.Within(_settings.Limits.HopSeconds * 1000);
        var unsaid = !_mailSent;
        if (unsaid)
            wire.Put(_mail);
        if (together)
            foreach (var recipient in _batch)
                wire.Put(recipient.Command);
        if (!await wire.Flush())
            return Says.HopLost;
        if (unsaid)
        {
            if (await wire.ReadReply() is not { } first)
                return Says.HopLost;
            (_mailSent, refused) = (first.IsPositive, first.IsPositive ? null : first);
        }
        for (var i = 0; i < _batch.Count; i++)
        {
            if (_batch[i].Said is not null || !together && refused is not null)
                continue;
            if (!together)
                wire.Put(_batch[i].Command);
            if (!await wire.Flush() || await wire.ReadReply() is not { } said)
                return Says.HopLost;
            replies[i] = said;
        }
        if (refused is not null)
            Array.Fill(replies, refused); // the sender was taken here and refused there: said at each recipient
        return null;
    }

    /// <summary>
    /// Sees to it that there is a connection on which the next hop knows what it has to know before the next command: who the client is, and, where a connection was lost,
    /// sender and recipients again. Null when that is so, else what to tell the client.
    /// </summary>
    private async ValueTask<SmtpReply?> Transaction(bool fresh = false)
    {
        if (_hop is not null)
            return null;
        if (_hopIsDedicated)
            return Says.HopLost;
        var again = _mailSent;
        for (var tries = 0; ; tries++)
        {
            if (await gate.Relay.Take(fresh || tries > 0) is not { } hop)
                return Says.HopDown;
            _hop = hop;
            if (!_offered.Within(hop.Extensions))
            {
                _hop = null;
                hop.Dispose();
                if (tries == 0)
                    continue;
                return Says.HopCannot;
            }
            _mailSent = false;
            if (await Introduce() && (!again || await Repeat()))
                return null;
            var used = hop.IsUsed;
            DropHop();
            _mailSent = again;
            if (!used || tries > 0)
                return Says.HopLost;
        }
    }

    /// <summary>Tells the next hop who the client is, where it wants to know (XFORWARD).</summary>
    private async ValueTask<bool> Introduce()
    {
        var wire = _hop!.Wire;
        wire.Within(_settings.Limits.HopSeconds * 1000);
        if (_hop.Extensions.XForward.Length == 0 || _hopIsDedicated)
            return true;
        List<byte[]> lines = _xforward.Count > 0 ? _xforward : [XForwardOfOurs(_hop.Extensions.XForward)];
        foreach (var line in lines)
        {
            wire.Put(line);
            // A next hop that will not have it from us takes the message all the same.
            if (!await wire.Flush() || await wire.ReadReply() is not { Code: not 421 })
                return false;
        }
        return true;
    }

    private byte[] XForwardOfOurs(string known)
    {
        var line = new StringBuilder("XFORWARD");
        foreach (var name in known.ToUpperInvariant().Split(' ', StringSplitOptions.RemoveEmptyEntries))
            _ = name switch
            {
                "NAME" => line.Append(" NAME=").Append(_clientName.Length > 0 ? _clientName : "[UNAVAILABLE]"),
                "ADDR" => line.Append(" ADDR=").Append(_address.Contains(':') ? "IPV6:" + _address : _address),
                "PROTO" => line.Append(" PROTO=").Append(_extended ? "ESMTP" : "SMTP"),
                "HELO" => line.Append(" HELO=").Append(_helo.Length is > 0 and <= 200 && !_helo.Any(c => c is < '!' or > '~') ? _helo.Replace("+", "+2B", StringComparison.Ordinal).Replace("=", "+3D", StringComparison.Ordinal) : "[UNAVAILABLE]"),
                _ => line,
            };
        return Encoding.ASCII.GetBytes(line.Append("\r\n").ToString());
    }

    /// <summary>Says sender and recipients again on a new connection. False when the next hop no longer takes all of them.</summary>
    private async ValueTask<bool> Repeat()
    {
        var wire = _hop!.Wire;
        foreach (var line in (List<byte[]>)[_mail, .. _taken.Select(t => t.Command)])
        {
            wire.Put(line);
            if (!await wire.Flush() || await wire.ReadReply() is not { IsPositive: true })
                return false;
        }
        _mailSent = true;
        return true;
    }

    // :: Step 4
    private async ValueTask Data()
    {
        if (await Transaction() is { } fault)
        {
            Answer(fault);
            await Reset();
            return;
        }
        _hop!.Wire.Put("DATA\r\n"u8);
        await _hop.Wire.Flush(); // a connection that was lost shows when its answer is read
        Answer(Says.GoAhead);
        if (!await client.Flush())
        {
            _over = true;
            return;
        }
        var body = new Body(gate.Memory, _settings.Limits.MemoryPerMessage, MostBytes + 5, _settings.Spool);
        var judged = false;
        try
        {
            if (!await ReadMessage(body))
                return;
            judged = await Finish(body, 3, _end.HasStuffing, chunks: false);
        }
        finally
        {
            if (!judged)
                body.Dispose();
        }
    }

    /// <summary>Reads a message to its true end. False when the client is gone or late.</summary>
    private async ValueTask<bool> ReadMessage(Body body)
    {
        var until = Environment.TickCount64 + _settings.Limits.MessageSeconds * 1000L;
        _end = new EndOfData();
        if (client.Arrived.Length > 0)
        {
            var some = _end.Read(client.Arrived);
            body.Append(client.Arrived[..some]);
            client.Take(some);
        }
        while (!_end.IsOver)
        {
            client.Within((int)Math.Clamp(until - Environment.TickCount64, 0, _settings.Limits.IdleSeconds * 1000));
            var room = body.Room();
            room = room[..Math.Min(room.Length, MostAtATime)]; // what was read past the end is kept by the wire
            var read = await client.ReadInto(room);
            if (read == 0)
            {
                if (client.IsLate)
                    await End(Says.TimedOut);
                _over = true;
                return false;
            }
            var some = _end.Read(room.Span[..read]);
            if (some < read)
                client.PutBack(room.Span[some..read]);
            body.Advance(some);
        }
        return true;
    }

    /// <summary>Judges a message that has arrived whole, passes it on or refuses it, and ends the transaction. True when somebody else now owns the body.</summary>
    private async ValueTask<bool> Finish(Body body, int end, bool stuffed, bool chunks)
    {
        client.Within((_settings.Limits.JudgeSeconds + 2 * _settings.Limits.HopSeconds) * 1000);
        var stray = chunks ? _chunkEnds.HasStray : _end.HasStray;
        var fault = body.IsTooLarge ? Says.TooLarge : body.IsLost ? Says.NoSpace : stray ? Says.StrayLineEnds : null;
        var kept = false;
        if (fault is null)
        {
            var envelope = new Envelope(_forwardedAddress.Length > 0 ? _forwardedAddress : _clientAddress.Length > 0 ? _clientAddress : _address, _helo, _sender, _taken.ConvertAll(t => t.Address));
            MailRuling? ruling;
            (ruling, kept) = await gate.Judge(envelope, body, end, stuffed);
            fault = ruling switch
            {
                null => Says.CannotJudge,
                { Kind: RulingKind.Pass } => null,
                { Kind: RulingKind.Refuse } => SmtpReply.Of(550, "5.7.1 " + ruling.Says),
                _ => SmtpReply.Of(451, "4.7.1 " + ruling.Says),
            };
        }
        // :: Step 5
        if (fault is not null)
        {
            DropHop();
            Answer(fault);
        }
        else
        {
            // :: Step 6
            var reply = await Deliver(body, chunks);
            gate.Meter.Answered(reply.Code);
            Answer(reply);
        }
        await Reset();
        return kept;
    }

    private async ValueTask<SmtpReply> Deliver(Body body, bool chunks)
    {
        for (var tries = 0; ; tries++)
        {
            if (await Transaction(fresh: tries > 0) is { } fault)
                return fault;
            var wire = _hop!.Wire;
            wire.Within(_settings.Limits.HopSeconds * 1000);
            if (chunks)
            {
                wire.Put(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"BDAT {body.Length} LAST\r\n")));
                if (!await wire.Flush())
                {
                    DropHop();
                    if (tries == 0 && !_hopIsDedicated)
                        continue;
                    return Says.HopLost;
                }
            }
            else
            {
                if (tries > 0)
                {
                    wire.Put("DATA\r\n"u8);
                    await wire.Flush();
                }
                var ready = await wire.ReadReply();
                if (ready is null or { Code: 421 })
                {
                    DropHop();
                    if (tries == 0 && !_hopIsDedicated)
                        continue;
                    return ready ?? Says.HopLost;
                }
                if (ready.Code != 354)
                {
                    DropHop();
                    return ready.IsPositive ? Says.HopLost : ready;
                }
            }
            var sent = await body.SendTo(wire, () => wire.Within(_settings.Limits.HopSeconds * 1000));
            // RFC 5321 §4.5.3.2.6: a server may take ten minutes over the last dot. The client waits no longer for us than it does for it.
            wire.Within(Math.Max(_settings.Limits.HopSeconds, 300) * 1000);
            client.Within(Math.Max(_settings.Limits.HopSeconds, 300) * 1000 + 10_000);
            // Even if not all went: it may have said why.
            var said = await wire.ReadReply();
            if (!sent || said is null or { Code: 421 } || said.Code is >= 300 and < 400)
            {
                DropHop();
                return said is { IsPositive: false, Code: >= 400 } ? said : Says.HopLost;
            }
            _mailSent = false;
            return said;
        }
    }

    private async ValueTask Bdat(string arguments)
    {
        var words = arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var last = words.Length == 2 && words[1].Equals("LAST", StringComparison.OrdinalIgnoreCase);
        if (words.Length is 0 or > 2 || words.Length == 2 && !last || !long.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out var size))
        {
            // How many bytes follow cannot be told: whatever comes next might be a message's text.
            await End(Says.Syntax);
            return;
        }
        var fault = !_offered.Chunking ? Says.NotHere
            : _state == SmtpState.Sender ? Says.NoRecipients
            : _state < SmtpState.Recipients || _refusedChunk ? Says.Order
            : null;
        var until = Environment.TickCount64 + _settings.Limits.MessageSeconds * 1000L;
        if (fault is null && _chunks is null)
        {
            _chunks = new Body(gate.Memory, _settings.Limits.MemoryPerMessage, MostBytes, _settings.Spool);
            _chunkEnds = new EndOfData();
            _state = SmtpState.Chunks;
        }
        var body = fault is null ? _chunks : null;
        for (var left = size; left > 0;)
        {
            if (client.Arrived.Length == 0)
            {
                client.Within((int)Math.Clamp(until - Environment.TickCount64, 0, _settings.Limits.IdleSeconds * 1000));
                if (!await client.Flush() || !await client.Fill())
                {
                    _over = true;
                    return;
                }
            }
            var some = (int)Math.Min(left, client.Arrived.Length);
            if (body is not null)
            {
                _chunkEnds.ReadChunk(client.Arrived[..some], last: false);
                body.Append(client.Arrived[..some]);
            }
            client.Take(some);
            left -= some;
        }
        if (body is not null && (body.IsTooLarge || body.IsLost))
        {
            _refusedChunk = true;
            fault = body.IsTooLarge ? Says.TooLarge : Says.NoSpace;
        }
        if (fault is not null)
        {
            Mistake(fault);
            return;
        }
        if (!last)
        {
            Answer(Says.Ok);
            return;
        }
        _chunkEnds.ReadChunk([], last: true);
        _chunks = null;
        if (!await Finish(body!, 0, stuffed: false, chunks: true))
            body!.Dispose();
    }

    private async ValueTask StartTls(int arguments)
    {
        if (_settings.Certificate is not { } certificate || client.IsTls)
        {
            Mistake(client.IsTls ? Says.Order : Says.NotHere);
            return;
        }
        if (arguments > 0)
        {
            Mistake(Says.Syntax);
            return;
        }
        // RFC 3207 §4.2: what was sent outside TLS is never read inside it.
        if (client.Arrived.Length > 0)
        {
            await End(Says.Injected);
            return;
        }
        Answer(Says.ReadyForTls);
        await Reset();
        if (!await client.Flush() || !await client.BeginTls(new SslServerAuthenticationOptions { ServerCertificate = certificate }))
        {
            _over = true;
            return;
        }
        (_helo, _extended, _state, _offered) = ("", false, SmtpState.Connected, new HopExtensions());
        _xforward.Clear();
    }

    private void XForward(ReadOnlySpan<byte> line, ReadOnlySpan<byte> arguments)
    {
        if (!_settings.Trusts(address))
            Mistake(Says.NotTrusted);
        else if (_offered.XForward.Length == 0)
            Mistake(Says.NotHere);
        else if (arguments.Length == 0 || line.Length > MostXForward || line.IndexOfAnyExceptInRange((byte)' ', (byte)'~') >= 0 || _xforward.Count >= 10)
            Mistake(Says.Syntax);
        else
        {
            _xforward.Add([.. line, (byte)'\r', (byte)'\n']);
            Note(Encoding.ASCII.GetString(arguments), ref _forwardedAddress);
            Answer(Says.Ok);
        }
    }

    private async ValueTask XClient(byte[] line, string arguments)
    {
        if (!_settings.Trusts(address))
        {
            Mistake(Says.NotTrusted);
            return;
        }
        if (_offered.XClient.Length == 0)
        {
            Mistake(Says.NotHere);
            return;
        }
        await Reset();
        if (!_hopIsDedicated)
            _hop = await gate.Relay.Take(fresh: true);
        _hopIsDedicated = true;
        if (_hop is null)
        {
            await End(Says.NoNextHop);
            return;
        }
        var wire = _hop.Wire;
        wire.Within(_settings.Limits.HopSeconds * 1000);
        wire.Put([.. line, (byte)'\r', (byte)'\n']);
        if (!await wire.Flush() || await wire.ReadReply() is not { } said)
        {
            await End(Says.NoNextHop);
            return;
        }
        if (said.Code == 220)
        {
            wire.Put(Encoding.ASCII.GetBytes($"EHLO {_settings.Name}\r\n"));
            if (!await wire.Flush() || await wire.ReadReply() is not { Code: 250 })
            {
                await End(Says.NoNextHop);
                return;
            }
            Note(arguments, ref _clientAddress);
            (_helo, _state) = ("", SmtpState.Connected);
        }
        Answer(said);
    }

    /// <summary>What a trusted server says of the client behind it, for our records: XCLIENT for the session, XFORWARD for one message.</summary>
    private void Note(string attributes, ref string clientAddress)
    {
        foreach (var word in attributes.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (word.StartsWith("ADDR=", StringComparison.OrdinalIgnoreCase) && word.Length is > 5 and <= 100 && word[5] != '[')
                clientAddress = word[5..];
            if (word.StartsWith("NAME=", StringComparison.OrdinalIgnoreCase) && word.Length <= 255)
                _clientName = word[5..];
        }
    }

    /// <summary>Forgets the transaction here and at the next hop; a connection that stands between two transactions goes back to those that wait.</summary>
    private async ValueTask Reset()
    {
        if (_state >= SmtpState.Sender)
            _state = SmtpState.Greeted;
        _taken.Clear();
        _chunks?.Dispose();
        (_chunks, _refusedChunk, _sender) = (null, false, "");
        if (_hop is { } hop)
        {
            if (_mailSent)
            {
                hop.Wire.Within(_settings.Limits.HopSeconds * 1000);
                hop.Wire.Put("RSET\r\n"u8);
                if (!await hop.Wire.Flush() || await hop.Wire.ReadReply() is not { Code: 250 })
                    DropHop();
            }
            if (!_hopIsDedicated && _hop is not null)
            {
                _hop = null;
                gate.Relay.Return(hop);
            }
        }
        _mailSent = false;
        _xforward.Clear();
        _forwardedAddress = "";
    }

    /// <summary>Ends the connection to the next hop, and with it the transaction there: whoever goes on says sender and recipients again.</summary>
    private void DropHop()
    {
        _hop?.Dispose();
        _hop = null;
    }
}
