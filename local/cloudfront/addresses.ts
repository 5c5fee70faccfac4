import type { Cloud } from '../kernel/types.ts';

/**
 * Where the names that a deployed stage has in DNS live on this machine: `https://d1….cloudfront.net` is
 * `http://localhost:21601`. Templates only know the cloud's names, so what leaves the machine's own services for a
 * browser (the site's `config.json`, its security headers, sign-in redirects) is translated by this table.
 */
export class Addresses {
  readonly #local = new Map<string, readonly string[]>();

  /** @param cloudOrigin scheme and host, no trailing slash. @param local origins, the one to show first. */
  add(cloudOrigin: string, ...local: readonly string[]): void {
    this.#local.set(cloudOrigin, local);
  }

  /** The local origin of a cloud origin; undefined if no emulated service answers for it. */
  localOf(cloudOrigin: string): string | undefined {
    return this.#local.get(cloudOrigin)?.[0];
  }

  /** Every cloud origin in a text replaced by its local one. */
  translate(text: string): string {
    let translated = text;
    for (const [cloudOrigin, [local]] of this.#local) {
      if (local) translated = translated.replaceAll(cloudOrigin, local);
    }
    return translated;
  }

  /** All local forms of a URL that begins with a cloud origin, and the URL itself. */
  formsOf(url: string): readonly string[] {
    for (const [cloudOrigin, locals] of this.#local) {
      if (url === cloudOrigin || url.startsWith(`${cloudOrigin}/`)) {
        return [url, ...locals.map((local) => local + url.slice(cloudOrigin.length))];
      }
    }
    return [url];
  }
}

declare module '../kernel/types.ts' {
  interface Shared {
    addresses?: Addresses;
  }
}

/** The one table of a running cloud. */
export function addressesOf(cloud: Cloud): Addresses {
  cloud.shared.addresses ??= new Addresses();
  return cloud.shared.addresses;
}
