using Countersign.Gate.Smtp;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Countersign.Server.Guarding;

/// <summary>
/// Sends metrics and traces by OTLP, where the environment says to whom: <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> and the other variables of the OpenTelemetry specification
/// ("OTLP exporter configuration"). Elsewhere it costs nothing.
/// </summary>
internal sealed class Telemetry : IDisposable
{
    private readonly MeterProvider? _meters;
    private readonly TracerProvider? _traces;

    private Telemetry(MeterProvider? meters, TracerProvider? traces) => (_meters, _traces) = (meters, traces);

    public static Telemetry? Begin()
    {
        if (Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT") is not { Length: > 0 })
            return null;
        var resource = ResourceBuilder.CreateDefault().AddService("countersign-gate");
        return new Telemetry(
            Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter(GateMeter.Name).AddOtlpExporter().Build(),
            Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource(GateMeter.Name).AddOtlpExporter().Build());
    }

    public void Dispose()
    {
        _meters?.Dispose();
        _traces?.Dispose();
    }
}
