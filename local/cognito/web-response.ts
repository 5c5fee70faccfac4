import { STYLE_SOURCE } from './sign-in-page.ts';

/** What the sign-in server answers. */
export interface WebResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
}

const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
};

/**
 * @param formTarget origin that the form's answer may redirect to: browsers hold redirects of a form to `form-action`.
 */
export const html = (
  status: number,
  body: string,
  options: { formTarget?: string; cookie?: string } = {},
): WebResponse => ({
  status,
  headers: {
    ...PAGE_HEADERS,
    'content-security-policy':
      `default-src 'none'; style-src ${STYLE_SOURCE}; base-uri 'none'; frame-ancestors 'none'; form-action 'self' ${options.formTarget ?? ''}`.trim(),
    ...(options.cookie ? { 'set-cookie': options.cookie } : {}),
  },
  body,
});

export const redirect = (location: string, cookie?: string): WebResponse => ({
  status: 302,
  headers: { location, 'cache-control': 'no-store', ...(cookie ? { 'set-cookie': cookie } : {}) },
  body: '',
});

/** Browsers of any origin may read these: they carry no cookie, and Cognito allows the same. */
export const json = (status: number, body: unknown, headers: Record<string, string> = {}): WebResponse => ({
  status,
  headers: {
    'content-type': 'application/json;charset=UTF-8',
    'cache-control': 'no-store',
    'access-control-allow-origin': '*',
    ...headers,
  },
  body: JSON.stringify(body),
});

/** An OAuth error (RFC 6749, 5.2). */
export const oauthError = (error: string, description?: string, status = 400): WebResponse =>
  json(status, { error, ...(description ? { error_description: description } : {}) });
