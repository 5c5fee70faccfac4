/** Rule 5: whether a value is below zero. Every channel counts one direction, so every channel counts upwards. */
export const negative = (value: number): boolean => value < 0;
