// Original file: proto/cloudless/v1/peer.proto

import type { Proposal as _cloudless_v1_Proposal, Proposal__Output as _cloudless_v1_Proposal__Output } from '../../cloudless/v1/Proposal.ts';
import type { Contribution as _cloudless_v1_Contribution, Contribution__Output as _cloudless_v1_Contribution__Output } from '../../cloudless/v1/Contribution.ts';
import type { MeasuredLink as _cloudless_v1_MeasuredLink, MeasuredLink__Output as _cloudless_v1_MeasuredLink__Output } from '../../cloudless/v1/MeasuredLink.ts';
import type { StateSnapshot as _cloudless_v1_StateSnapshot, StateSnapshot__Output as _cloudless_v1_StateSnapshot__Output } from '../../cloudless/v1/StateSnapshot.ts';
import type { AddressBook as _cloudless_v1_AddressBook, AddressBook__Output as _cloudless_v1_AddressBook__Output } from '../../cloudless/v1/AddressBook.ts';
import type { Long } from '@grpc/proto-loader';

export interface PeerStatus {
  'incarnation'?: (number | string | Long);
  'revision'?: (number | string | Long);
  'term'?: (number | string | Long);
  'votedFor'?: (string);
  'isHub'?: (boolean);
  'isCandidate'?: (boolean);
  'committedRound'?: (number | string | Long);
  'recent'?: (_cloudless_v1_Proposal)[];
  'accepted'?: (_cloudless_v1_Proposal | null);
  'proposed'?: (_cloudless_v1_Proposal | null);
  'contribution'?: (_cloudless_v1_Contribution | null);
  'hasDrained'?: (boolean);
  'hasFinished'?: (boolean);
  'stepsPerSecond'?: (number | string);
  'links'?: (_cloudless_v1_MeasuredLink)[];
  'snapshot'?: (_cloudless_v1_StateSnapshot | null);
  'wantsSnapshot'?: (boolean);
  'committedTerm'?: (number | string | Long);
  'hasBegun'?: (boolean);
  'firstSeq'?: (number | string | Long);
  'lastSeq'?: (number | string | Long);
  'book'?: (_cloudless_v1_AddressBook | null);
  'knownFinished'?: (string)[];
  'applied'?: ({[key: string]: number | string | Long});
  'follows'?: (string);
  'isLeaving'?: (boolean);
}

export interface PeerStatus__Output {
  'incarnation': (number);
  'revision': (number);
  'term': (number);
  'votedFor': (string);
  'isHub': (boolean);
  'isCandidate': (boolean);
  'committedRound': (number);
  'recent': (_cloudless_v1_Proposal__Output)[];
  'accepted': (_cloudless_v1_Proposal__Output | null);
  'proposed': (_cloudless_v1_Proposal__Output | null);
  'contribution': (_cloudless_v1_Contribution__Output | null);
  'hasDrained': (boolean);
  'hasFinished': (boolean);
  'stepsPerSecond': (number);
  'links': (_cloudless_v1_MeasuredLink__Output)[];
  'snapshot': (_cloudless_v1_StateSnapshot__Output | null);
  'wantsSnapshot': (boolean);
  'committedTerm': (number);
  'hasBegun': (boolean);
  'firstSeq': (number);
  'lastSeq': (number);
  'book': (_cloudless_v1_AddressBook__Output | null);
  'knownFinished': (string)[];
  'applied': ({[key: string]: number});
  'follows': (string);
  'isLeaving': (boolean);
}
