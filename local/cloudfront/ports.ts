/** Ports of the public addresses, from the port base. Fixed, so that links and redirects survive a restart. */
export const PUBLIC_PORTS = { web: 1, api: 2, signIn: 3 } as const;
