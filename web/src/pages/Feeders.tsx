import { useFeeders } from '../app/feeders.ts';
import { useRange } from '../app/range.ts';
import { FeederList } from '../parts/FeederList.tsx';
import { Failures, PageHead } from '../parts/pieces.tsx';

export const FeedersPage = () => {
  const { feeders, asked } = useFeeders(useRange());
  return (
    <>
      <PageHead title="Feeders" note="load at each feeder's sensor against its rating" />
      <Failures asked={asked} subject="The feeders" />
      <FeederList feeders={feeders} filter />
    </>
  );
};
