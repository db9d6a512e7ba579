"""The vocabulary of the synthetic logs, in both languages: for benchmarks only."""

from __future__ import annotations

from typing import NamedTuple


class Service(NamedTuple):
    """One kind of local service."""

    name: str
    verbs: tuple[str, ...]
    shops: tuple[str, ...]
    goods: tuple[str, ...]
    price: tuple[int, int]
    """From, to (whole units)."""


class Words(NamedTuple):
    """The vocabulary of one language."""

    cities: tuple[str, ...]
    areas: tuple[str, ...]
    jobs: tuple[str, ...]
    tags: tuple[str, ...]
    before: tuple[str, ...]
    """First part of a shop's name; `middle` is the second, and the service's `shops` the last."""
    middle: tuple[str, ...]
    notes: tuple[str, ...]
    moments: tuple[str, ...]
    weather: tuple[str, ...]
    services: tuple[Service, ...]
    months: tuple[str, ...]
    keys: tuple[str, ...]
    """Field names: age, sex, city, job, tags, shop, goods, price, rating, distance, area."""
    sexes: tuple[str, str]


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.replace("\n", "|").strip("|").split("|"))


ZH = Words(
    cities=_split(
        "北京|上海|广州|深圳|杭州|成都|重庆|武汉|西安|南京|苏州|长沙|天津|郑州|青岛|厦门|合肥|昆明|沈阳|贵阳"
    ),
    areas=_split(
        "朝阳门|五道口|望京|静安寺|徐家汇|陆家嘴|天河城|珠江新城|科技园|西湖边|文三路|春熙路|玉林|观音桥|解放碑|光谷|"
        "江汉路|小寨|钟楼|新街口|夫子庙|观前街|五一广场|岳麓山下|和平路|滨江道|二七广场|台东|中山路|三里庵|翠湖|中街|花果园"
    ),
    jobs=_split(
        "学生|程序员|教师|护士|会计|设计师|销售|公务员|自由职业|骑手|店主|编辑|退休|律师|工程师|全职妈妈|产品经理"
    ),
    tags=_split(
        "爱吃辣|控糖|素食|夜宵常客|价格敏感|看重评分|新店尝鲜|常带孩子|养猫|养狗|健身|对花生过敏|不吃香菜|咖啡党|"
        "奶茶党|常出差|爱看电影|周末露营|会员用户|爱用优惠券|怕排队|喜欢安静|只点外卖|爱拍照|清淡口味|乳糖不耐"
    ),
    before=_split(
        "老街|阿婆|小满|青禾|南巷|北渡|山野|江边|拾光|云上|一间|半亩|三叔|福来|金鼎|木棉|白鹭|有间|大树|梧桐|巷子里|"
        "东方|海角|明月|清风|老地方|百味|千里|朝花|暖阳|石板|雨前|蓝湾|橘子|麦田|星期八|竹里|松间|阿强|胖姐|四季|和顺"
    ),
    middle=_split("人家|小馆|坊|记|里|阁|堂|居|轩|集|园|铺|社|间|楼|荟|季|时刻|天地|会馆|工坊|学堂|故事|生活"),
    notes=_split(
        "五星|四星|三星，等太久|备注“少油”|备注“不要香菜”|用了满减券|用了会员价|退款|好评带图|“下次还来”|"
        "“味道一般”|取消订单|未评价|分享给朋友|收藏了门店|打电话催单|改约一次|“环境安静”|“服务很好”|“有点贵”"
    ),
    moments=_split(
        "加班到现在，想吃点热的|和朋友约在附近见面|带孩子出门|一个人在家|刚下班，在地铁上|周末睡到自然醒|明天一早要出差|"
        "家里来客人了|健身完路过|午休只有四十分钟|父母生日，想找个像样的地方|刚下火车|下雨不想出门|发了工资想犒劳自己|"
        "最近在控制预算|陪对象逛街逛累了|快到电影开场时间|刚搬到这边，想找常去的店"
    ),
    weather=_split(
        "晴，31℃|小雨，18℃|阴，12℃|大风降温，3℃|雾霾，8℃|多云，24℃|雷阵雨，27℃|小雪，-2℃|闷热，34℃|晴朗，20℃"
    ),
    services=(
        Service(
            "外卖",
            ("下单", "再次下单", "加购后下单"),
            _split("麻辣烫|烧烤|粥铺|面馆|快餐|炸鸡|轻食|饺子馆|米线|奶茶|咖啡|便当"),
            _split(
                "牛肉面|番茄鸡蛋盖饭|麻辣香锅|皮蛋瘦肉粥|烤冷面|鸡胸沙拉|酸辣粉|猪肉白菜水饺|杨枝甘露|冰美式|黄焖鸡|煲仔饭|炸串拼盘|小龙虾"
            ),
            (12, 90),
        ),
        Service(
            "到店餐饮",
            ("团购", "到店消费", "订座"),
            _split("火锅|川菜|粤菜|日料|烤肉|素食餐厅|面包房|小酒馆|自助|海鲜|茶餐厅|私房菜"),
            _split(
                "双人套餐|四人鸳鸯锅|寿司拼盘|烤肉自助|下午茶|全家桶套餐|一人食定食|精酿三杯|早茶套餐|清蒸石斑套餐|生日包间"
            ),
            (48, 600),
        ),
        Service(
            "酒店",
            ("预订", "浏览后预订", "续住"),
            _split("酒店|民宿|青旅|度假村|公寓|客栈"),
            _split("大床房|双床房|家庭房|江景套房|床位|含早大床房|带院小屋|亲子主题房"),
            (60, 1500),
        ),
        Service(
            "丽人健身",
            ("预约", "购买次卡", "到店消费"),
            _split("美发|美甲|皮肤管理|瑜伽馆|健身房|按摩|采耳|游泳馆"),
            _split("洗剪吹|烫染套餐|单色美甲|补水护理|私教体验课|月卡|肩颈按摩60分钟|采耳套餐|成人游泳课|流瑜伽单次"),
            (29, 900),
        ),
        Service(
            "休闲娱乐",
            ("购票", "预约", "团购"),
            _split("影城|密室|剧本杀|KTV|书店|美术馆|电竞馆|亲子乐园"),
            _split("IMAX场次|四人密室|六人本|下午场欢唱3小时|讲座门票|特展票|包间3小时|亲子畅玩票|早场双人票"),
            (19, 400),
        ),
        Service(
            "买菜买药",
            ("下单", "复购", "加购后下单"),
            _split("生鲜超市|水果店|药房|便利店|粮油店|宠物店"),
            _split("西红柿鸡蛋组合|车厘子2斤|维生素C|布洛芬|猫砂10kg|鲜牛奶|有机蔬菜箱|感冒冲剂|早餐面包组合|冻干狗粮"),
            (8, 200),
        ),
    ),
    months=tuple(f"{m}月" for m in range(1, 13)),
    keys=_split("年龄|性别|城市|职业|标签|门店|商品|价格|评分|距离|商圈"),
    sexes=("男", "女"),
)

EN = Words(
    cities=_split(
        "Beijing|Shanghai|Singapore|London|Berlin|Tokyo|Sydney|Toronto|Chicago|Seattle|Austin|Dublin|Lisbon|Madrid|"
        "Osaka|Seoul|Bangkok|Kuala Lumpur|Melbourne|Boston"
    ),
    areas=_split(
        "Old Town|Harbour Side|Riverside|University Quarter|Station Square|Chinatown|the Docks|Mill Lane|Hillcrest|"
        "West End|Northgate|Tech Park|Lakeview|Garden District|Market Street|Canal Row|East Village|Kingsway|Southbank|"
        "Airport Road|Museum Mile|Baker Hill|Green Park|Elm Street|Ferry Point"
    ),
    jobs=_split(
        "student|software engineer|teacher|nurse|accountant|designer|sales manager|civil servant|freelancer|courier|"
        "shop owner|editor|retired|lawyer|product manager|stay-at-home parent|chef"
    ),
    tags=_split(
        "loves spicy food|cuts down on sugar|vegetarian|orders late at night|looks at prices first|trusts ratings|"
        "tries new places|often with kids|has a cat|has a dog|goes to the gym|allergic to peanuts|no coriander|"
        "coffee person|tea person|travels for work|movie fan|camps at weekends|member|uses coupons|hates queues|"
        "likes it quiet|delivery only|takes photos|light food|lactose intolerant"
    ),
    before=_split(
        "Old Harbour|Golden|Little|Blue Door|Corner|Green|Silver|Lantern|Maple|Sunny|North|Red Brick|Hidden|Two Rivers|"
        "Copper|Wild|Quiet|Daily|Grandma's|Uncle Lee's|Plum|Cedar|Stone|Morning|Moonlit|Paper|Happy|Urban|Velvet|"
        "Orchard|White Heron|Fox and|Salt|Ember|Willow|Seven|Tiny|Royal|Lucky|Rosie's"
    ),
    middle=_split(
        "Bowl|Garden|House|Kitchen|Table|Lane|Yard|Room|Works|Spoon|Terrace|Barn|Nest|Story|Club|Market|Studio|Bridge|"
        "Pearl|Pine|Lotus|Wave|Cloud|Hearth"
    ),
    notes=_split(
        "rated 5|rated 4|rated 3, too slow|note: less oil|note: no coriander|used a coupon|member price|refunded|"
        "review with photos|'will come again'|'so-so'|cancelled|no review|shared with a friend|saved the shop|"
        "called to complain|rebooked once|'nice and quiet'|'friendly staff'|'a bit pricey'"
    ),
    moments=_split(
        "worked late, wants something hot|meeting friends nearby|out with the kids|home alone|on the way home|"
        "slept in|early flight tomorrow|guests are coming|just left the gym|lunch break of forty minutes|"
        "a parent's birthday|just got off the train|raining, would rather stay in|payday|on a budget this month|"
        "tired after shopping|the film starts soon|new in this area"
    ),
    weather=_split(
        "sunny, 31 C|light rain, 18 C|overcast, 12 C|windy, 3 C|hazy, 8 C|cloudy, 24 C|thunderstorm, 27 C|snow, -2 C|"
        "humid, 34 C|clear, 20 C"
    ),
    services=(
        Service(
            "delivery",
            ("ordered", "reordered", "ordered from cart"),
            _split("Noodles|Grill|Congee|Fried Chicken|Salads|Dumplings|Bubble Tea|Coffee|Curry|Pizza|Burgers|Bento"),
            _split(
                "beef noodles|chicken salad|sour soup|pork dumplings|iced americano|katsu curry|pizza margherita|"
                "double cheeseburger|poke bowl|pad thai|mango sago|fried rice|crayfish|veggie wrap"
            ),
            (4, 45),
        ),
        Service(
            "dining",
            ("bought a voucher for", "dined", "booked a table"),
            _split("Hot Pot|Bistro|Sushi|BBQ|Vegan Diner|Bakery|Tavern|Buffet|Seafood|Steakhouse|Tapas"),
            _split(
                "set for two|hot pot for four|sushi platter|afternoon tea|family bucket|solo set|beer flight|dim sum|"
                "steamed bass set|birthday room|tasting menu"
            ),
            (15, 220),
        ),
        Service(
            "hotels",
            ("booked", "booked after browsing", "extended"),
            _split("Hotel|Guest House|Hostel|Resort|Apartments|Inn"),
            _split("double room|twin room|family room|river suite|bunk bed|double with breakfast|garden cottage"),
            (20, 480),
        ),
        Service(
            "beauty and fitness",
            ("booked", "bought a pass for", "visited"),
            _split("Hair|Nails|Skin Care|Yoga|Gym|Massage|Pool|Barber"),
            _split(
                "cut and blow-dry|colour set|plain manicure|hydrating facial|personal training trial|monthly pass|"
                "shoulder massage 60 min|swimming lesson|vinyasa class"
            ),
            (9, 260),
        ),
        Service(
            "leisure",
            ("bought tickets for", "booked", "bought a voucher for"),
            _split("Cinema|Escape Room|Karaoke|Bookshop|Gallery|Arcade|Play Centre|Bowling"),
            _split(
                "IMAX show|escape game for four|karaoke 3 hours|talk ticket|special exhibition|arcade day pass|"
                "family play ticket|matinee for two"
            ),
            (6, 120),
        ),
        Service(
            "groceries and pharmacy",
            ("ordered", "bought again", "ordered from cart"),
            _split("Fresh Market|Fruit Shop|Pharmacy|Corner Store|Pet Shop|Deli"),
            _split(
                "tomatoes and eggs|cherries 1 kg|vitamin C|ibuprofen|cat litter 10 kg|fresh milk|organic veg box|"
                "cold remedy|breakfast rolls|freeze-dried dog food"
            ),
            (3, 70),
        ),
    ),
    months=_split("Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"),
    keys=_split("age|sex|city|job|tags|shop|offer|price|rating|distance|area"),
    sexes=("male", "female"),
)
