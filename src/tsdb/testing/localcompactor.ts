import type {BlockMaker} from '../blockmaker.ts';
import type {CompactorCalls} from '../compactions.ts';

/** Compacts in the thread that asks. The head has to be there before its reader, which the maker needs: `maker` comes later. */
export class LocalCompactor implements CompactorCalls {
  maker: BlockMaker | null = null;

  writeHead: CompactorCalls['writeHead'] = (range) => this.maker!.writeHead(range);
  writeLate: CompactorCalls['writeLate'] = (range) => this.maker!.writeLate(range);
  writeStale: CompactorCalls['writeStale'] = (range) => this.maker!.writeStale(range);
  compact: CompactorCalls['compact'] = (ulids) => this.maker!.compact(ulids);
  clean: CompactorCalls['clean'] = (ulid) => this.maker!.clean(ulid);
  deleteSamples: CompactorCalls['deleteSamples'] = (request) => this.maker!.deleteSamples(request);
  rest: CompactorCalls['rest'] = () => Promise.resolve();
  cancel: CompactorCalls['cancel'] = () => this.maker?.cancel();
}
