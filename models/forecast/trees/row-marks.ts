import { MOST_GRADIENT, MOST_WEIGHT, markOf } from './gradient-histograms.ts';
import type { MarkUnits } from './tree-grower.ts';

/** Marks of all rows, written anew by each `mark`. */
export interface Marker {
  marks: Float64Array;
  mark(residuals: Float64Array): MarkUnits;
}

/** The gradient of the squared error is the residual, down, by weight. */
export function squaredMarker(weights: Float32Array): Marker {
  const marks = new Float64Array(weights.length);
  const weight = unitOf(sumOf(weights), MOST_WEIGHT, weights.length);
  return {
    marks,
    mark(residuals) {
      let most = 0;
      for (let row = 0; row < marks.length; row++) {
        most += Math.abs((residuals[row] as number) * (weights[row] as number));
      }
      const gradient = unitOf(most, MOST_GRADIENT, marks.length);
      for (let row = 0; row < marks.length; row++) {
        const own = weights[row] as number;
        marks[row] = markOf(own / weight, (-(residuals[row] as number) * own) / gradient);
      }
      return { weight, gradient };
    },
  };
}

/** The gradient of the pinball loss knows a residual's sign alone: a row has one of two marks. */
export function quantileMarker(weights: Float32Array, level: number): Marker {
  const marks = new Float64Array(weights.length);
  const unit = unitOf(sumOf(weights), MOST_GRADIENT, weights.length);
  const either = new Float64Array(2 * weights.length);
  for (let row = 0; row < weights.length; row++) {
    const own = (weights[row] as number) / unit;
    either[2 * row] = markOf(own, (1 - level) * own);
    either[2 * row + 1] = markOf(own, -level * own);
  }
  return {
    marks,
    mark(residuals) {
      for (let row = 0; row < marks.length; row++) {
        marks[row] = either[2 * row + Number((residuals[row] as number) > 0)] as number;
      }
      return { weight: unit, gradient: unit };
    },
  };
}

/** Power of two in which `total`, rounded in `parts`, stays below `most`: weights of 1 are then exact. */
export function unitOf(total: number, most: number, parts: number): number {
  if (parts >= most / 2) throw new RangeError(`${parts} rows are more than the ${most / 2} that trees are grown from`);
  return total === 0 ? 1 : 2 ** Math.ceil(Math.log2(total / (most - parts)));
}

const sumOf = (weights: Float32Array): number => weights.reduce((sum, weight) => sum + weight, 0);
