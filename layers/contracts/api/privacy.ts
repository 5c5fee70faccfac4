import * as z from 'zod';

/**
 * What energy of several customers may be told to those who may not read single meters: of at least so many, none of whom has
 * more than this part of it. Source: the 15/15 rule (California PUC decision 97-10-031).
 */
export const RELEASE_RULE = { leastCustomers: 15, mostSharePercent: 15 } as const;

/** Set where energy was measured and is not told. */
export const withheld = z
  .literal(true)
  .optional()
  .meta({
    description:
      'true: there are readings, which this caller does not get. Who may not read single meters gets what at least 15 customers ' +
      'add up to, none of whom has more than 15 % of it',
  });
