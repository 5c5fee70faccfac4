/** Rule 17: whether an interval ends too far ahead of its receipt. @param times epoch ms @param limit `seconds` ahead */
export const futureTime = (times: { end: number; receivedAt: number }, limit: { seconds: number }): boolean =>
  times.end > times.receivedAt + limit.seconds * 1000;
