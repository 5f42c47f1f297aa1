//! The divisions that stand in every test's database: real rows of the real list.
//!
//! 湘乡市 is where the stories play. Every place has a neighbour of the same shape that must not leak: 韶山市 in the
//! same city, 芙蓉区 in the next city, 东莞市 (a code at two levels) and 金门县 in other provinces, 北京市 with its
//! stand-in city.

/// The list, with its header.
pub const LIST: &str = include_str!("../data/divisions.csv");

/// 湖南省, a province.
pub const HUNAN: &str = "430000000000";
/// 湘潭市, a city of Hunan.
pub const XIANGTAN: &str = "430300000000";
/// 湘乡市, a county of Xiangtan with 22 townships.
pub const XIANGXIANG: &str = "430381000000";
/// 望春门街道, a township of Xiangxiang.
pub const WANGCHUNMEN: &str = "430381001000";
/// 新湘路街道, the township beside it.
pub const XINXIANGLU: &str = "430381002000";
/// 韶山市, the county beside Xiangxiang, with 4 townships.
pub const SHAOSHAN: &str = "430382000000";
/// 清溪镇, a township of Shaoshan.
pub const QINGXI: &str = "430382100000";
/// 韶山乡, the township beside it.
pub const SHAOSHAN_TOWNSHIP: &str = "430382200000";
/// 长沙市, the city beside Xiangtan.
pub const CHANGSHA: &str = "430100000000";
/// 芙蓉区, a county of Changsha.
pub const FURONG: &str = "430102000000";
/// 广东省, the province beside Hunan.
pub const GUANGDONG: &str = "440000000000";
/// 东莞市: one code as city and as county.
pub const DONGGUAN: &str = "441900000000";
/// 泉州市, a city of Fujian.
pub const QUANZHOU: &str = "350500000000";
/// 金门县: one code as county and as township.
pub const JINMEN: &str = "350527000000";
/// 北京市, a municipality.
pub const BEIJING: &str = "110000000000";
/// 市辖区, which stands in as a city under Beijing.
pub const BEIJING_DISTRICTS: &str = "110100000000";
/// 东城区, a county of Beijing.
pub const DONGCHENG: &str = "110101000000";
/// 东华门街道, a township of Dongcheng.
pub const DONGHUAMEN: &str = "110101001000";
