/** A small line from zero to its own maximum; gaps stay gaps. `span`: the part to look at, as shares of the width. */
export const Sparkline = (props: {
  points: readonly (number | null)[];
  label: string;
  span?: { from: number; to: number };
}) => {
  const { points, label, span } = props;
  const most = Math.max(...points.map((p) => p ?? 0), Number.MIN_VALUE);
  let path = '';
  let drawing = false;
  points.forEach((point, index) => {
    if (point === null) {
      drawing = false;
      return;
    }
    const x = (index / Math.max(1, points.length - 1)) * 120;
    path += `${drawing ? 'L' : 'M'}${x.toFixed(1)} ${(26 - (point / most) * 24).toFixed(1)}`;
    drawing = true;
  });
  return (
    <svg class="spark" viewBox="0 0 120 28" role="img" aria-label={label} preserveAspectRatio="none">
      {span && (
        <rect
          x={span.from * 120}
          width={Math.max(2, (span.to - span.from) * 120)}
          height="28"
          fill="var(--warning)"
          opacity="0.3"
        />
      )}
      <path d="M0 27.5H120" stroke="var(--line)" />
      <path d={path} fill="none" stroke="var(--normal)" stroke-width="1.5" vector-effect="non-scaling-stroke" />
    </svg>
  );
};
