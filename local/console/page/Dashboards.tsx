import type { View, WidgetView } from '../view.ts';

const colours = ['var(--normal)', 'var(--warning)', 'var(--export)', 'var(--edited)', 'var(--critical)'];
const spanMs = 3 * 3_600_000;
const minuteMs = 60_000;

/** Lines from zero to the highest value of three hours; a minute without data breaks a line. */
const Lines = ({ widget, now }: { widget: WidgetView; now: number }) => {
  const highest = Math.max(...widget.lines.flatMap((line) => line.points.map(([, amount]) => amount)), 0);
  const most = highest || 1;
  const from = now - spanMs;
  return (
    <>
      <div class="muted tabular" style={{ fontSize: '12px' }}>
        {widget.lines.every((line) => line.points.length === 0)
          ? 'no data in 3 h'
          : `highest ${highest.toLocaleString('en', { maximumSignificantDigits: 3 })}`}
      </div>
      <svg viewBox="0 0 300 100" preserveAspectRatio="none" role="img" aria-label={`${widget.title}, last three hours`}>
        <path d="M0 99.5H300" stroke="var(--line)" vector-effect="non-scaling-stroke" />
        {widget.lines.map((line, index) => {
          let before = 0;
          const d = line.points
            .filter(([time]) => time >= from)
            .map(([time, amount]) => {
              const joined = time - before <= 1.5 * minuteMs;
              before = time;
              const [x, y] = [((time - from) / spanMs) * 300, 98 - (amount / most) * 94];
              return `${joined ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}${joined ? '' : 'h.8'}`;
            })
            .join('');
          return (
            <path
              key={line.label}
              d={d}
              fill="none"
              stroke={colours[index % colours.length]}
              stroke-width="1.8"
              vector-effect="non-scaling-stroke"
            />
          );
        })}
      </svg>
      <ul class="legend">
        {widget.lines.map((line, index) => (
          <li key={line.label}>
            <svg viewBox="0 0 16 10" aria-hidden="true" style={{ width: '16px', height: '10px' }}>
              <path d="M0 5H16" stroke={colours[index % colours.length]} stroke-width="2.5" />
            </svg>
            <span style={{ overflowWrap: 'anywhere' }}>{line.label}</span>
          </li>
        ))}
      </ul>
    </>
  );
};

export const Dashboards = ({ view }: { view: View }) => (
  <>
    {view.dashboards.map((dashboard) => (
      <section class="panel" id="dashboards" key={dashboard.name}>
        <header>
          <h2>CloudWatch dashboard {dashboard.name}</h2>
          <span class="muted">from the template</span>
        </header>
        <div class="widgets">
          {dashboard.widgets
            .filter((widget) => widget.markdown === null)
            .map((widget) => (
              <div key={widget.title}>
                <h3 style={{ margin: 0, fontSize: '14px' }}>{widget.title}</h3>
                <Lines widget={widget} now={view.time} />
              </div>
            ))}
        </div>
      </section>
    ))}
  </>
);
