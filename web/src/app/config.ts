/** Written beside the site at deployment (`/config.json`), so that one build serves every stage. */
export interface SiteConfig {
  /** Same-origin base of the API, without a slash at its end. */
  readonly apiBase: string;
  readonly signIn: {
    /** Origin of the hosted sign-in. */
    readonly domain: string;
    readonly clientId: string;
    readonly scopes: readonly string[];
    readonly redirectPath: string;
    readonly logoutPath?: string;
  };
  readonly stage: string;
  readonly region: string;
  /** IANA zone of the grid, in which days and months are meant. */
  readonly timeZone: string;
}

/** @throws when the file is missing or says nothing about sign-in. */
export const loadConfig = async (): Promise<SiteConfig> => {
  const answer = await fetch('/config.json', { cache: 'no-cache' });
  if (!answer.ok) throw new Error(`/config.json answered ${answer.status}`);
  const config = (await answer.json()) as Partial<SiteConfig>;
  if (!config.signIn?.clientId || !config.apiBase) throw new Error('/config.json lacks apiBase or signIn');
  return { stage: '', region: '', timeZone: 'UTC', ...config } as SiteConfig;
};
