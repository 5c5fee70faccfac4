import { adminsRead } from '../access.ts';
import { auditList, auditQuery } from '../audit.ts';
import type { Route } from '../route.ts';

export const auditRoutes = {
  listAudit: {
    id: 'listAudit',
    method: 'GET',
    path: '/audit',
    summary: 'Who changed what, when and why: edits of readings, the quarantine, settings, labels',
    function: 'audit',
    access: adminsRead,
    query: auditQuery,
    response: auditList,
    cache: 'no-store',
  },
} as const satisfies Record<string, Route>;
