// The panels of the query page. They stand in the address, so that going back undoes the last change and a copied
// address shows the same; here they have, in addition, identities that survive moving.
import {useCallback, useState} from 'react';
import {useLocation} from 'wouter';
import {useSearch} from 'wouter/use-browser-location';
import {defaultPanel, type PanelState} from './panel.ts';
import {decodePanels, encodePanels} from './url-state.ts';

export interface PanelEntry {
  id: number;
  state: PanelState;
}

export interface Panels {
  entries: readonly PanelEntry[];
  update(id: number, change: Partial<PanelState>): void;
  add(): void;
  duplicate(id: number): void;
  remove(id: number): void;
}

let lastId = 0;

export function usePanels(): Panels {
  const search = useSearch().replace(/^\?/, '');
  const [, navigate] = useLocation();
  const [known, setKnown] = useState(search);
  const [entries, setEntries] = useState<readonly PanelEntry[]>(() => entriesOf(search, []));
  if (search !== known) {
    // Somebody else changed the address: the back button, a link.
    setKnown(search);
    setEntries((before) => entriesOf(search, before));
  }

  const replace = useCallback(
    (next: readonly PanelEntry[]) => {
      const nextSearch = encodePanels(next.map(({state}) => state));
      setEntries(next);
      setKnown(nextSearch);
      navigate(`/query?${nextSearch}`, {replace: nextSearch === search});
    },
    [navigate, search],
  );

  return {
    entries,
    update: (id, change) =>
      replace(entries.map((entry) => (entry.id === id ? {id, state: {...entry.state, ...change}} : entry))),
    add: () => {
      const last = entries.at(-1)?.state ?? defaultPanel;
      // A new panel looks at the same time as the one above it.
      replace([...entries, {id: ++lastId, state: {...last, expr: '', yMin: null}}]);
    },
    duplicate: (id) =>
      replace(
        entries.flatMap((entry) => (entry.id === id ? [entry, {id: ++lastId, state: entry.state}] : [entry])),
      ),
    remove: (id) => replace(orEmptyPanel(entries.filter((entry) => entry.id !== id))),
  };
}

/** The panels of an address; those at the same place as before keep their identity. */
function entriesOf(search: string, before: readonly PanelEntry[]): readonly PanelEntry[] {
  return orEmptyPanel(
    decodePanels(search).map((state, index) => ({id: before[index]?.id ?? ++lastId, state})),
    before[0]?.id,
  );
}

function orEmptyPanel(entries: readonly PanelEntry[], id?: number): readonly PanelEntry[] {
  return entries.length > 0 ? entries : [{id: id ?? ++lastId, state: defaultPanel}];
}
