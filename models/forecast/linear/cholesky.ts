/**
 * Factor L of A = L Lᵀ for a symmetric positive definite A.
 * @param a row-major n × n; the lower triangle is read and overwritten by L
 * @throws RangeError if A is not positive definite
 */
export function factorCholesky(a: Float64Array, n: number): void {
  for (let row = 0; row < n; row++) {
    const atRow = row * n;
    for (let column = 0; column <= row; column++) {
      const atColumn = column * n;
      let sum = a[atRow + column] as number;
      for (let k = 0; k < column; k++) sum -= (a[atRow + k] as number) * (a[atColumn + k] as number);
      if (column < row) a[atRow + column] = sum / (a[atColumn + column] as number);
      else {
        if (!(sum > 0)) throw new RangeError(`not positive definite at ${row}`);
        a[atRow + row] = Math.sqrt(sum);
      }
    }
  }
}

/**
 * Solves A X = B by the factor of A.
 * @param l of `factorCholesky`
 * @param b row-major n × columns; overwritten by X
 */
export function solveFactored(l: Float64Array, b: Float64Array, n: number, columns: number): void {
  for (let row = 0; row < n; row++) {
    for (let k = 0; k < row; k++) subtractRow(b, row, k, l[row * n + k] as number, columns);
    divideRow(b, row, l[row * n + row] as number, columns);
  }
  for (let row = n - 1; row >= 0; row--) {
    for (let k = row + 1; k < n; k++) subtractRow(b, row, k, l[k * n + row] as number, columns);
    divideRow(b, row, l[row * n + row] as number, columns);
  }
}

function subtractRow(b: Float64Array, row: number, other: number, share: number, columns: number): void {
  const to = row * columns;
  const from = other * columns;
  for (let column = 0; column < columns; column++) {
    b[to + column] = (b[to + column] as number) - share * (b[from + column] as number);
  }
}

function divideRow(b: Float64Array, row: number, by: number, columns: number): void {
  for (let at = row * columns; at < (row + 1) * columns; at++) b[at] = (b[at] as number) / by;
}
