import { addressOf } from '../../../web/src/app/api.ts';
import { hrefOf } from '../../../web/src/app/location.ts';
import { challengeOf, claimsOf, randomToken } from '../../../web/src/app/pkce.ts';
import { rangeOf } from '../../../web/src/app/range.ts';

test('the S256 challenge is the one of RFC 7636, appendix B', async () => {
  expect(await challengeOf('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk')).toBe(
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  );
});

test('verifiers are long enough and differ', () => {
  expect(randomToken()).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(randomToken()).not.toBe(randomToken());
});

test('claims are read as UTF-8; what is no token has none', () => {
  const token = `h.${Buffer.from(JSON.stringify({ email: 'zoë@example.org' })).toString('base64url')}.s`;
  expect(claimsOf(token)).toEqual({ email: 'zoë@example.org' });
  expect(claimsOf('opaque')).toBeUndefined();
});

test('addresses are filled, encoded and leave out what is not asked', () => {
  expect(
    addressOf('/meters/{meterId}/readings', { params: { meterId: 'a/b' }, query: { from: undefined, limit: 5 } }),
  ).toBe('/meters/a%2Fb/readings?limit=5');
});

test('the time range follows from page to page, a selection does not', () => {
  const here = { pathname: '/map', search: '?range=7d&select=meter:m001' };
  expect(hrefOf(here, '/meters')).toBe('/meters?range=7d');
  expect(hrefOf(here, undefined, { select: null, utc: '1' })).toBe('/map?range=7d&utc=1');
});

test('a range named in the address is reproduced; nonsense falls back to live', () => {
  const present = Date.parse('2013-01-01T00:10:00Z');
  const zone = 'Australia/Sydney';
  const named = rangeOf(new URLSearchParams('range=24h&at=2012-10-07T00:00:00Z&utc=1'), present, zone);
  expect([named.live, named.to - named.from, named.zone]).toEqual([false, 86_400_000, 'UTC']);
  const nonsense = rangeOf(new URLSearchParams('range=9y&at=then'), present, zone);
  expect([nonsense.live, nonsense.span, new Date(nonsense.to).toISOString()]).toEqual([
    true,
    '48h',
    '2013-01-01T00:30:00.000Z',
  ]);
});
