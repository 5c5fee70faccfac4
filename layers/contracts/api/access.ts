/** Groups of the user pool, each holding every right of those before it. */
export const groups = ['viewer', 'analyst', 'operator', 'admin'] as const;
export type Group = (typeof groups)[number];

/**
 * Custom scopes of the resource server `grid`. People get `grid/read` and `grid/write` by the code flow, head-end systems
 * `grid/ingest` by client credentials. The scope says what the client may ask for, the group what the person may do.
 */
export const scopes = ['grid/read', 'grid/write', 'grid/ingest'] as const;
export type Scope = (typeof scopes)[number];

/**
 * Who may call a route. `groups` lists every group that may (hierarchy already applied); an empty list means that no
 * person may: a machine holding the scope does.
 */
export type RouteAccess = { readonly public: true } | { readonly groups: readonly Group[]; readonly scope: Scope };

/** The given group and every group above it. */
export const fromGroup = (lowest: Group): readonly Group[] => groups.slice(groups.indexOf(lowest));

export const viewers = { groups: fromGroup('viewer'), scope: 'grid/read' } as const;
export const analysts = { groups: fromGroup('analyst'), scope: 'grid/read' } as const;
export const operatorsRead = { groups: fromGroup('operator'), scope: 'grid/read' } as const;
export const operators = { groups: fromGroup('operator'), scope: 'grid/write' } as const;
export const adminsRead = { groups: fromGroup('admin'), scope: 'grid/read' } as const;
export const admins = { groups: fromGroup('admin'), scope: 'grid/write' } as const;
export const headends = { groups: [], scope: 'grid/ingest' } as const;
export const anyone = { public: true } as const;
