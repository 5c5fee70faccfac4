import type * as z from 'zod';
import { type Problem, type ProblemCode, problems, problemType, type Violation } from '../contracts/api/problem.ts';

/** An expected failure of a route: a value that a use case answers instead of its response. */
export class ApiProblem {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly violations: readonly Violation[];
  readonly retryAfterSeconds: number | undefined;

  constructor(problem: {
    code: ProblemCode;
    detail: string;
    violations?: readonly Violation[];
    retryAfterSeconds?: number;
  }) {
    this.code = problem.code;
    this.detail = problem.detail;
    this.violations = problem.violations ?? [];
    this.retryAfterSeconds = problem.retryAfterSeconds;
  }

  /** As RFC 9457 wants it. @param instance path of the request */
  document(instance: string): Problem {
    const { title, status } = problems[this.code];
    return {
      type: problemType(this.code),
      title,
      status,
      detail: this.detail,
      instance,
      violations: [...this.violations],
    };
  }
}

export const apiProblem = (code: ProblemCode, detail: string, violations: readonly Violation[] = []): ApiProblem =>
  new ApiProblem({ code, detail, violations });

/** Longest text of a refused value that is repeated to its sender. */
const MAX_ECHO = 100;

const valueAt = (root: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined),
    root,
  );

const echoed = (value: unknown): { value?: unknown } => {
  if (typeof value === 'string') return { value: value.slice(0, MAX_ECHO) };
  return typeof value === 'number' || typeof value === 'boolean' ? { value } : {};
};

const pathText = (path: readonly PropertyKey[]): string =>
  path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');

/** Every violation that zod found in a part of a request (`query`, `body`, …). */
export const violationsIn = (part: string, input: unknown, error: z.ZodError): Violation[] =>
  error.issues.map((issue) => ({
    path: pathText([part, ...issue.path]),
    message: issue.message,
    ...echoed(valueAt(input, issue.path)),
  }));
