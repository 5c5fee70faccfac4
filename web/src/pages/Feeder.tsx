import { useMemo } from 'preact/hooks';
import { liveMs, useAnswer } from '../app/data.ts';
import { settled, useFeeders } from '../app/feeders.ts';
import { link } from '../app/location.ts';
import { energy, percent, power, threeDigits } from '../app/numbers.ts';
import { useRange } from '../app/range.ts';
import { iso, shortTime } from '../app/times.ts';
import { nominalPhaseV, voltageLimits } from '../app/voltage.ts';
import { TimeChart } from '../charts/TimeChart.tsx';
import { Failures, Figures, PageHead, Skeleton } from '../parts/pieces.tsx';
import { bandOf, Status } from '../parts/status.tsx';

const phaseColours = { L1: '--normal', L2: '--export', L3: '--edited' } as const;

export const FeederPage = ({ feederId }: { feederId: string }) => {
  const range = useRange();
  const { zone, now } = range;
  const { feeders, asked, network } = useFeeders(range);
  const feeder = network?.feeders.find((one) => one.feederId === feederId);
  const summary = feeders?.find((one) => one.feederId === feederId);
  const bounds = { from: iso(range.from), to: iso(range.to) };
  const params = { feederId };
  const load = useAnswer(
    'getFeederLoad',
    { params, query: { ...bounds, resolutionMinutes: range.resolutionMinutes } },
    liveMs,
  );
  const metered = useAnswer(
    'getFeederConsumption',
    { params, query: { ...bounds, granularity: 'hour', tz: range.gridZone } },
    4 * liveMs,
  );
  const voltage = useAnswer(
    'getSensorTelemetry',
    feeder?.sensorId ? { params: { sensorId: feeder.sensorId }, query: { kind: 'voltage', ...bounds } } : undefined,
    4 * liveMs,
  );

  const loadChart = useMemo(() => {
    const periods = load.data?.periods ?? [];
    const hours = new Map((metered.data?.periods ?? []).map((hour) => [Date.parse(hour.start), hour]));
    const hourOf = (start: string) => hours.get(Math.floor(Date.parse(start) / 3_600_000) * 3_600_000);
    return {
      times: periods.map((period) => Date.parse(period.start)),
      series: [
        {
          label: 'Sum of its meters, by hour',
          colour: '--missing',
          kind: 'step' as const,
          points: periods.map((period) => {
            const hour = hourOf(period.start);
            if (!hour || hour.value === null || hour.intervalsPresent < hour.intervalsExpected) return null;
            // The hour that is going on is cut at the end of the range: energy over its own length is its mean power.
            return hour.value / ((Date.parse(hour.end) - Date.parse(hour.start)) / 3_600_000);
          }),
        },
        { label: 'Sensor', colour: '--normal', kind: 'line' as const, points: periods.map((period) => period.value) },
      ],
    };
  }, [load.data, metered.data]);

  const voltageChart = useMemo(() => {
    const samples = voltage.data?.samples ?? [];
    const times = [...new Set(samples.map((sample) => Date.parse(sample.time)))].sort((a, b) => a - b);
    const place = new Map(times.map((time, index) => [time, index]));
    const phases = [...new Set(samples.map((sample) => sample.phase))];
    const series = phases.map((phase) => {
      const points: (number | null)[] = times.map(() => null);
      for (const sample of samples)
        if (sample.phase === phase) points[place.get(Date.parse(sample.time)) ?? 0] = sample.value;
      return {
        label: phase ?? 'Voltage',
        colour: phase ? phaseColours[phase] : '--normal',
        kind: 'line' as const,
        points,
      };
    });
    const middle = samples.length > 0 ? samples.reduce((sum, s) => sum + s.value, 0) / samples.length : undefined;
    return { times, series, middle };
  }, [voltage.data]);

  const peak = load.data?.periods.reduce(
    (most, p) => ((p.value ?? -1) > (most?.value ?? -1) ? p : most),
    load.data.periods[0],
  );
  const whole = metered.data && settled(metered.data.periods, now).filter((hour) => hour.value !== null);
  const meteredKwh = whole?.reduce((sum, hour) => sum + (hour.value ?? 0), 0);
  const nominal = nominalPhaseV(feeder?.nominalVoltageV ?? 230, voltageChart.middle);
  if (network && !feeder) {
    return (
      <>
        <PageHead title={feederId} />
        <p class="notice">
          <span>There is no feeder of this name.</span> <a href={link('/feeders')}>All feeders</a>
        </p>
      </>
    );
  }
  return (
    <>
      <PageHead
        title={feeder ? `${feederId} · ${feeder.name}` : feederId}
        note={<a href={link('/map', { select: `feeder:${feederId}` })}>Show on the map</a>}
      />
      <Failures asked={[load, metered, voltage, ...asked]} subject="A part of this page" />
      <Figures
        figures={[
          {
            label: 'Load',
            measure: summary ? (summary.loadKw === null ? null : power(summary.loadKw)) : undefined,
            note: summary?.newest ? `until ${shortTime(summary.newest, now, zone)}` : 'no readings in this range',
          },
          {
            label: 'Loading',
            measure: summary
              ? summary.loadingPercent === null
                ? null
                : { amount: threeDigits(summary.loadingPercent), unit: '%' }
              : undefined,
            note: summary && <Status name={bandOf(summary.loadingPercent)} />,
          },
          {
            label: 'Peak in range',
            measure: load.data ? (peak?.value != null ? power(peak.value) : null) : undefined,
            note: peak?.value != null ? shortTime(Date.parse(peak.start), now, zone) : 'no readings in this range',
          },
          {
            label: 'Metered energy',
            measure: meteredKwh === undefined ? undefined : energy(meteredKwh),
            note: 'in range',
          },
          {
            label: 'Completeness',
            measure: summary
              ? summary.completeness === null
                ? null
                : { amount: percent(summary.completeness).replace(/.%$/, ''), unit: '%' }
              : undefined,
            note: 'of its meters’ readings',
          },
        ]}
      />
      {load.data ? (
        <TimeChart
          title="Load: sensor and meters"
          name={`${feederId}-load`}
          unit="kW"
          zone={zone}
          height={300}
          {...loadChart}
        />
      ) : (
        <Skeleton height={360} />
      )}
      {voltage.data && voltageChart.times.length > 0 && (
        <TimeChart
          title="Voltage, phase to neutral"
          name={`${feederId}-voltage`}
          unit={voltage.data.unit}
          zone={zone}
          height={240}
          times={voltageChart.times}
          series={voltageChart.series}
          limits={voltageLimits(nominal)}
        />
      )}
    </>
  );
};
