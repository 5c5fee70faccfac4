import { createHash } from 'node:crypto';

const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const STYLE = `
:root{color-scheme:light dark;--ground:#f4f5f6;--panel:#fff;--line:#d5d9dd;--text:#14181c;--quiet:#5a636c;--accent:#0072b2;--on-accent:#fff;--bad:#b34700}
@media (prefers-color-scheme:dark){:root{--ground:#0f1214;--panel:#181c20;--line:#333a41;--text:#e8ebee;--quiet:#9aa4ad;--accent:#56b4e9;--on-accent:#06121a;--bad:#ff8a4c}}
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;padding:16px;background:var(--ground);color:var(--text);
font:14px/20px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{width:100%;max-width:360px;padding:32px;background:var(--panel);border:1px solid var(--line);border-radius:8px}
.brand{display:flex;align-items:center;gap:8px;color:var(--quiet);margin:0 0 24px}.brand svg{color:var(--accent)}
h1{font-size:20px;line-height:28px;margin:0 0 16px}label{display:block;font-weight:600;margin:16px 0 4px}
input{width:100%;height:40px;padding:0 12px;font:inherit;font-size:16px;color:inherit;background:transparent;border:1px solid var(--quiet);border-radius:4px}
button{width:100%;height:40px;margin-top:24px;font:inherit;font-weight:600;color:var(--on-accent);background:var(--accent);border:0;border-radius:4px;cursor:pointer}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.error{display:flex;gap:8px;margin:0;padding:8px 12px;color:var(--bad);border:1px solid currentColor;border-radius:4px}
.note{margin:24px 0 0;font-size:12px;line-height:16px;color:var(--quiet)}a{color:var(--accent)}code{font-family:ui-monospace,monospace}`;

/** The one style these pages may have, as a content security policy names it. */
export const STYLE_SOURCE = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;

const MARK =
  '<svg width="20" height="20" viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" aria-hidden="true"><path d="M11 1 4 11h5l-1 8 8-11h-5z"/></svg>';

const page = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(title)} · Smart Grid Analytics</title><style>${STYLE}</style></head>
<body><main><p class="brand">${MARK}<span>Smart Grid Analytics</span></p><h1>${escapeHtml(title)}</h1>${body}</main></body></html>`;

const alert = (error: string | undefined): string =>
  error ? `<p class="error" role="alert"><span aria-hidden="true">▲</span><span>${escapeHtml(error)}</span></p>` : '';

const hidden = (name: string, content: string): string =>
  `<input type="hidden" name="${name}" value="${escapeHtml(content)}">`;

export interface SignInForm {
  /** Query of the authorisation request, kept through the form. */
  query: string;
  csrf: string;
  error?: string;
  username?: string;
}

export const signInPage = ({ query, csrf, error, username = '' }: SignInForm): string =>
  page(
    'Sign in',
    `${alert(error)}<form method="post" action="/login?${escapeHtml(query)}">${hidden('_csrf', csrf)}
<label for="username">User name or e-mail</label>
<input id="username" name="username" value="${escapeHtml(username)}" autocomplete="username" autocapitalize="none" spellcheck="false" required${username ? '' : ' autofocus'}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${username ? ' autofocus' : ''}>
<button type="submit">Sign in</button></form>
<p class="note">The local stand-in of the Cognito user pool. Its users and passwords are in <code>.local/cognito/users.json</code>.</p>`,
  );

/** Asks an invited person for a password of their own. */
export const newPasswordPage = ({ query, csrf, challenge, error }: SignInForm & { challenge: string }): string =>
  page(
    'Choose a password',
    `${alert(error)}<form method="post" action="/changePassword?${escapeHtml(query)}">${hidden('_csrf', csrf)}${hidden('challenge', challenge)}
<label for="password">New password</label>
<input id="password" name="password" type="password" autocomplete="new-password" required autofocus>
<button type="submit">Save and sign in</button></form>`,
  );

export const problemPage = (title: string, detail: string): string => page(title, `<p>${escapeHtml(detail)}</p>`);
