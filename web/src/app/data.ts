import { createContext } from 'preact';
import { useContext, useEffect, useReducer, useRef, useState } from 'preact/hooks';
import {
  type Act,
  type Answer,
  ApiProblem,
  addressOfRoute,
  type Call,
  type ReadRoute,
  type WriteRoute,
  write,
} from './api.ts';
import type { SiteConfig } from './config.ts';
import type { Session } from './session.ts';
import type { AnswerStore } from './store.ts';

export interface Services {
  config: SiteConfig;
  session: Session;
  answers: AnswerStore;
}

export const ServicesContext = createContext<Services | undefined>(undefined);

export const useServices = (): Services => {
  const services = useContext(ServicesContext);
  if (services === undefined) throw new Error('no services above this component');
  return services;
};

/** Whether the person signed in is in one of these groups. The API decides; this only spares them what it would refuse. */
export const useGroups = (...groups: readonly string[]): boolean =>
  useServices().session.person?.groups.some((group) => groups.includes(group)) ?? false;

/** What a page knows of an answer. `data` may be that of the range before while the new one loads. */
export interface Asked<T> {
  data: T | undefined;
  error: Error | undefined;
  retryAt: number | undefined;
  loading: boolean;
}

/** Watches one route for several calls. While a call's range moves, its last answer stays, so that nothing jumps. */
export const useAnswers = <R extends ReadRoute>(
  route: R,
  calls: readonly Call<R>[],
  refreshMs?: number,
): Asked<Answer<R>>[] => {
  const { answers } = useServices();
  const [, changed] = useReducer((count: number) => count + 1, 0);
  const last = useRef(new Map<string, unknown>());
  const addresses = calls.map((call) => addressOfRoute(route, call));
  const key = addresses.join('\n');
  useEffect(() => {
    const stops =
      key === '' ? [] : key.split('\n').map((address) => answers.watch(address, () => changed(undefined), refreshMs));
    if (stops.length > 0) changed(undefined);
    return () => {
      for (const stop of stops) stop();
    };
  }, [answers, key, refreshMs]);
  return calls.map((_, index) => {
    const address = addresses[index] ?? '';
    const family = address.split('?')[0] ?? '';
    const known = answers.peek(address);
    if (known.data !== undefined) last.current.set(family, known.data);
    const data = (known.data ?? last.current.get(family)) as Answer<R> | undefined;
    return {
      data,
      error: known.error,
      retryAt: known.retryAt,
      loading: known.data === undefined && known.error === undefined,
    };
  });
};

/** Watches one call; `undefined` asks for nothing. */
export const useAnswer = <R extends ReadRoute>(
  route: R,
  call: Call<R> | undefined,
  refreshMs?: number,
): Asked<Answer<R>> =>
  useAnswers(route, call === undefined ? [] : [call], refreshMs)[0] ?? {
    data: undefined,
    error: undefined,
    retryAt: undefined,
    loading: call !== undefined,
  };

/** A change a person makes; once it is made, everything shown is asked for again. */
export interface Action<R extends WriteRoute> {
  /** @returns the answer; undefined when it failed, and `error` says why. */
  run: (act: Act<R>) => Promise<Answer<R> | undefined>;
  busy: boolean;
  error: Error | undefined;
}

export const useAction = <R extends WriteRoute>(route: R): Action<R> => {
  const { session, config, answers } = useServices();
  const [state, setState] = useState<{ busy: boolean; error: Error | undefined }>({ busy: false, error: undefined });
  return {
    ...state,
    run: async (act) => {
      setState({ busy: true, error: undefined });
      try {
        const answer = await write(session, config.apiBase, route, act);
        setState({ busy: false, error: undefined });
        answers.refresh();
        return answer;
      } catch (failure) {
        const error = failure instanceof Error ? failure : new ApiProblem(0, String(failure));
        setState({ busy: false, error });
        return undefined;
      }
    },
  };
};

/** How often what is live is asked for again, ms. */
export const liveMs = 15_000;
