/** Rule 3: whether an interval's length is not the one the registry has for the channel, minutes. */
export const intervalSize = (declaredMinutes: number, registeredMinutes: number): boolean =>
  declaredMinutes !== registeredMinutes;
