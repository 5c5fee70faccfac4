/**
 * Solves A x = b for a symmetric positive definite A by its Cholesky factor.
 * @param a row-major n × n; the lower triangle is read and overwritten by the factor
 * @param b overwritten by the solution
 * @throws RangeError if A is not positive definite
 */
export function solveCholesky(a: Float64Array, b: Float64Array, n: number): void {
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
  for (let row = 0; row < n; row++) {
    let sum = b[row] as number;
    for (let k = 0; k < row; k++) sum -= (a[row * n + k] as number) * (b[k] as number);
    b[row] = sum / (a[row * n + row] as number);
  }
  for (let row = n - 1; row >= 0; row--) {
    let sum = b[row] as number;
    for (let k = row + 1; k < n; k++) sum -= (a[k * n + row] as number) * (b[k] as number);
    b[row] = sum / (a[row * n + row] as number);
  }
}
