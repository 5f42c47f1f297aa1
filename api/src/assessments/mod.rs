//! Assessing federations below (考评): by a scheme that is issued in advance, scored and ranked at its end.
//!
//! | 中文 | here |
//! |---|---|
//! | 考评办法 | `AssessmentScheme` |
//! | 考评板块、权重 | `AssessmentBlock`, its `weight` |
//! | 考评项目、评分标准 | `AssessmentItem`, its `standard` |
//! | 考评 | `Assessment` |
//! | 自评、考评得分 | the two sides of an `AssessmentScore` |
//! | 排名、通报 | `rank`, `publishAssessment` |
//! | 挂点包干、联乡联片 | `Patch` |
//! | 机关内部目标管理、责任状、奖惩 | `StaffGoal`, its `signedOn` and `consequence` |
//!
//! All scores are whole hundredths of a point.

pub mod scheme;
pub mod assessment;
pub mod patch;
pub mod goal;
